/** Deflate (RFC 1951), level 1. */
import type { Duplex } from 'node:stream';
import { constants, createDeflateRaw, createInflateRaw } from 'node:zlib';
import type { Codec } from '@lstp/core';
import { injectable } from 'tsyringe';
import { FrameDecoder } from '../compression/frame-decoder.js';
import { FrameEncoder } from '../compression/frame-encoder.js';

@injectable()
export class ZlibCodec implements Codec {
  encoder(): Duplex {
    return new FrameEncoder(() => createDeflateRaw({ level: 1, flush: constants.Z_SYNC_FLUSH }));
  }

  decoder(): Duplex {
    return new FrameDecoder({ make: () => createInflateRaw() });
  }
}
