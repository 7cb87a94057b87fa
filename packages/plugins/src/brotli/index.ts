import { definePlugin, PLUGIN_API } from '@lstp/core';
import { BrotliCodec } from './brotli-codec.js';

export default definePlugin({
  name: 'brotli',
  api: PLUGIN_API,
  about: 'compresses with Brotli: smaller than zlib, a little slower',
  codec: BrotliCodec,
});
