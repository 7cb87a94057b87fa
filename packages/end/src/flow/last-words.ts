/** What an application is told beside the bytes of its channel: how connecting ended, in its own protocol. */
import type { Duplex } from 'node:stream';
import { closeAfter, type Answer, type ChannelRefusal } from '@lstp/core';
import { StreamEnding } from './stream-ending.js';

/** A stream that is not the application's own: its words would be changed on their way. */
export interface Speaker {
  say(bytes: Uint8Array): void;
  /** Says `bytes`, if any, and closes in order. */
  leave(bytes: Uint8Array | undefined): void;
}

/** Before any byte of the channel. */
export function say(stream: Duplex, bytes: Uint8Array | undefined): void {
  if (bytes === undefined || bytes.length === 0) return;
  if (isSpeaker(stream)) stream.say(bytes);
  else stream.write(bytes);
}

/** Instead of any byte of the channel: the answer's refusal, then an orderly end. An answer that throws is no answer: a reset. */
export function refuse(stream: Duplex, answer: Answer, refusal: ChannelRefusal): void {
  let bytes: Uint8Array | undefined;
  try {
    bytes = answer.refused(refusal);
  } catch (error) {
    stream.destroy(error as Error);
    return;
  }
  if (isSpeaker(stream)) stream.leave(bytes);
  else closeAfter(stream, bytes);
}

/** A stream for which there is no channel. */
export function reset(stream: Duplex): void {
  stream.on('error', () => {});
  new StreamEnding(stream).abort();
}

function isSpeaker(stream: Duplex): stream is Duplex & Speaker {
  return 'leave' in stream && 'say' in stream;
}
