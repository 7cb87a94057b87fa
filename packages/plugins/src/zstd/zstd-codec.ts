/** Zstandard (RFC 8878), level 1, where node:zlib has it. */
import type { Duplex, Transform } from 'node:stream';
import * as zlib from 'node:zlib';
import type { Codec } from '@lstp/core';
import { injectable } from 'tsyringe';
import { FrameDecoder } from '../compression/frame-decoder.js';
import { FrameEncoder } from '../compression/frame-encoder.js';

/** 1 MiB: more than level 1 takes. */
const WINDOW_LOG = 20;

/** What newer versions of node:zlib have beside what all have. */
interface ZstdParts {
  readonly createZstdCompress: (options: object) => Transform;
  readonly createZstdDecompress: (options: object) => Transform;
  readonly constants: Readonly<Record<'ZSTD_e_flush' | 'ZSTD_c_compressionLevel' | 'ZSTD_c_windowLog' | 'ZSTD_d_windowLogMax', number>>;
}

/** Undefined where this Node has no Zstandard. */
const parts = 'createZstdCompress' in zlib ? (zlib as unknown as ZstdParts) : undefined;

/** Whether this Node has it: 22.15 and later, 23.8 and later. */
export const hasZstd = parts !== undefined;

@injectable()
export class ZstdCodec implements Codec {
  encoder(): Duplex {
    const { createZstdCompress, constants } = parts ?? missing();
    const params = { [constants.ZSTD_c_compressionLevel]: 1, [constants.ZSTD_c_windowLog]: WINDOW_LOG - 1 };
    return new FrameEncoder(() => createZstdCompress({ flush: constants.ZSTD_e_flush, params }));
  }

  decoder(): Duplex {
    const { createZstdDecompress, constants } = parts ?? missing();
    return new FrameDecoder({ make: () => createZstdDecompress({ params: { [constants.ZSTD_d_windowLogMax]: WINDOW_LOG } }) });
  }
}

function missing(): never {
  throw new Error('this Node has no Zstandard; 22.15 has');
}
