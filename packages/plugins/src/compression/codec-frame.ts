/**
 * The framing that all compressing codecs share; the bytes of a channel in one direction are a sequence of these.
 *
 *   kind   u8    0 as it is, 1 compressed, 2 padding
 *   length u24   of the body, big endian
 *   body
 *
 * Bodies of kind 1, one behind the other, are one stream of the codec's algorithm, flushed at the end of each body; each
 * gives 1 to FRAME_BYTES plain bytes. Bodies of kind 0 are plain bytes that this stream does not know of. Bodies of kind 2
 * are ignored: a sender adds them where it would else shrink by more than LEAST_SHARE, so that a receiver can take more for
 * a bomb. There is no end of stream inside: the end is the channel's.
 */

/** Plain bytes of one frame at most. */
export const FRAME_BYTES = 65_536;
/** A body of kind 1 may be a little longer than what it stands for. */
export const BODY_BYTES = 66_560;
/** A frame has at least this share of its plain bytes: hosts take less than a 256th for a bomb. */
export const LEAST_SHARE = 1 / 200;

export const HEADER_BYTES = 4;

export const KINDS = { plain: 0, coded: 1, padding: 2 } as const;
export type Kind = keyof typeof KINDS;

const BY_NUMBER: Readonly<Partial<Record<number, Kind>>> = { 0: 'plain', 1: 'coded', 2: 'padding' };

/** One buffer: header and body. */
export function encodeFrame(kind: Kind, body: readonly Buffer[], length: number): Buffer {
  const frame = Buffer.allocUnsafe(HEADER_BYTES + length);
  frame.writeUInt8(KINDS[kind], 0);
  frame.writeUIntBE(length, 1, 3);
  let at = HEADER_BYTES;
  for (const piece of body) {
    frame.set(piece, at);
    at += piece.length;
  }
  return frame;
}

/** Throws where it is none. */
export function decodeHeader(header: Buffer): { readonly kind: Kind; readonly length: number } {
  const number = header.readUInt8(0);
  const length = header.readUIntBE(1, 3);
  const kind = BY_NUMBER[number];
  if (kind === undefined) throw broken(`there is no frame of kind ${number}`);
  if (length > BODY_BYTES) throw broken(`a frame of ${length} bytes; ${BODY_BYTES} are the most`);
  return { kind, length };
}

/** What the peer sends on a compressed channel is not what its codec makes. */
export function broken(why: string): Error {
  return Object.assign(new Error(`the compressed data of the other end is broken: ${why}`), { code: 'ERR_LSTP_CODEC_DATA' });
}
