/** What joins protocol/ to sockets, timers and chance. Makes no protocol decision. */
export * from './node-crypto.js';
