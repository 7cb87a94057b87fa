/** What joins protocol/ to sockets, timers and chance. Makes no protocol decision. */
export * from './admission-gate.js';
export * from './backoff.js';
export * from './free-ports.js';
export * from './leg-caller.js';
export * from './leg-connection.js';
export * from './leg-dialer.js';
export * from './leg-hub.js';
export type { LegAcceptor } from './leg-reception.js';
export { ListenError } from './leg-listener.js';
export { neighbourId, type LegPath, type Neighbour } from './neighbour.js';
export * from './node-crypto.js';
export { lendReads, readInto, type OwnReads, type ReadsInto } from './read-into.js';
export * from './reset-socket.js';
export type { WayInUse } from './way-board.js';
