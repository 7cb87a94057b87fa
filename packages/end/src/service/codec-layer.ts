/** The codec of a service as a layer of its channels: counted, and its decoder's output capped. */
import { Transform, type Duplex } from 'node:stream';
import type { Codec } from '@lstp/core';
import type { Layer } from './layered-stream.js';

/** Bytes that went through the codec of a service at this end. */
export interface CodecCounts {
  /** From applications, and to them. */
  plainOut: number;
  plainIn: number;
  /** To the other end, and from it. */
  codedOut: number;
  codedIn: number;
}

/** What a decoder may give out beyond its expansion: a short input may well stand for a long text. */
const CODEC_SLACK_BYTES = 1_048_576;
const MOST_EXPANSION = 256;

/** Two layers: the counting of plain bytes, then the codec with the counting of coded ones. */
export function codecLayers(codec: Codec, counts: CodecCounts): Layer[] {
  const most = codec.mostExpansion ?? MOST_EXPANSION;
  let [coded, plain] = [0, 0];
  const countCoded = counter((bytes) => {
    counts.codedIn += bytes;
    coded += bytes;
  });
  const countPlain = counter((bytes) => {
    counts.plainIn += bytes;
    plain += bytes;
    if (plain > coded * most + CODEC_SLACK_BYTES) throw Object.assign(new Error(`${coded} bytes became more than ${plain}: the peer sends a bomb`), { code: 'ERR_LSTP_CODEC_BOMB' });
  });
  return [
    { outgoing: counter((bytes) => (counts.plainOut += bytes)), incoming: countPlain },
    { outgoing: codec.encoder(), incoming: codec.decoder() },
    { outgoing: counter((bytes) => (counts.codedOut += bytes)), incoming: countCoded },
  ];
}

function counter(count: (bytes: number) => void): Duplex {
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      try {
        count(chunk.length);
      } catch (error) {
        return done(error as Error);
      }
      done(null, chunk);
    },
  });
}
