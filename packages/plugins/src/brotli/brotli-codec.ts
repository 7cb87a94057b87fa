/** Brotli (RFC 7932) of a low quality and a window of 256 KiB. */
import type { Duplex } from 'node:stream';
import { constants, createBrotliCompress, createBrotliDecompress } from 'node:zlib';
import type { Codec } from '@lstp/core';
import { injectable } from 'tsyringe';
import { broken } from '../compression/codec-frame.js';
import { FrameDecoder } from '../compression/frame-decoder.js';
import { FrameEncoder } from '../compression/frame-encoder.js';

const WINDOW_BITS = 18;
/** How a stream with such a window begins (RFC 7932, section 9.1, WBITS). */
const WINDOW_MASK = 0x0f;
const WINDOW_MARK = 0x03;

@injectable()
export class BrotliCodec implements Codec {
  encoder(): Duplex {
    const params = { [constants.BROTLI_PARAM_QUALITY]: 3, [constants.BROTLI_PARAM_LGWIN]: WINDOW_BITS };
    return new FrameEncoder(() => createBrotliCompress({ flush: constants.BROTLI_OPERATION_FLUSH, params }));
  }

  decoder(): Duplex {
    return new FrameDecoder({ make: () => createBrotliDecompress(), check: checkWindow });
  }
}

/** A peer that asks for a larger window would have it allocated here, 16 MiB and more for each channel. */
function checkWindow(first: number): void {
  if ((first & WINDOW_MASK) !== WINDOW_MARK) throw broken(`its window is not one of ${WINDOW_BITS} bits`);
}
