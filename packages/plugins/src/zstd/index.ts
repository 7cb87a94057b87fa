import { definePlugin, PLUGIN_API } from '@lstp/core';
import { hasZstd, ZstdCodec } from './zstd-codec.js';

/** Known everywhere, so that a file that names it is told why it does not work; a codec only where Node has it. */
export default definePlugin({
  name: 'zstd',
  api: PLUGIN_API,
  about: 'compresses with Zstandard; needs Node 22.15 or later',
  ...(hasZstd ? { codec: ZstdCodec } : {}),
});
