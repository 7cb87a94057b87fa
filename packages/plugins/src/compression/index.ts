/** The codecs: plugins for `codec:` of a service. */
import { definePlugin, PLUGIN_API, type PluginDefinition } from '@lstp/core';
import { BrotliCodec } from './brotli-codec.js';
import { ZlibCodec } from './zlib-codec.js';
import { hasZstd, ZstdCodec } from './zstd-codec.js';

export const zlib = definePlugin({
  name: 'zlib',
  api: PLUGIN_API,
  about: 'compresses with Deflate, the fastest level',
  codec: ZlibCodec,
});

export const brotli = definePlugin({
  name: 'brotli',
  api: PLUGIN_API,
  about: 'compresses with Brotli: smaller than zlib, slower',
  codec: BrotliCodec,
});

/** Known everywhere, so that a file that names it is told why it does not work; a codec only where Node has it. */
export const zstd = definePlugin({
  name: 'zstd',
  api: PLUGIN_API,
  about: 'compresses with Zstandard; needs Node 22.15 or later',
  ...(hasZstd ? { codec: ZstdCodec } : {}),
});

export const codecs: readonly PluginDefinition[] = [zlib, brotli, zstd];
