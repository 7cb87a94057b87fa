/**
 * What TLS over a stream writes is copied by Node, a piece of memory for each record. V8 counts it as part of the heap, and where
 * that is small, as a node's is, marks all of it for every 16 MB that went through: more than a third of an end's time. A heap that may
 * grow fourfold before it is marked gives the short collections time to free them. Figures: docs/decisions/0007-own-websocket-frames.md.
 */
import { setFlagsFromString } from 'node:v8';

let isRoomy = false;

/** For the whole process, and for good: V8 looks at it whenever it sets the next limit. */
export function makeHeapRoomy(): void {
  if (isRoomy) return;
  isRoomy = true;
  setFlagsFromString('--heap-growing-percent=300');
}
