import { definePlugin, PLUGIN_API } from '@lstp/core';
import { ZlibCodec } from './zlib-codec.js';

export default definePlugin({
  name: 'zlib',
  api: PLUGIN_API,
  about: 'compresses with Deflate, the fastest level',
  codec: ZlibCodec,
});
