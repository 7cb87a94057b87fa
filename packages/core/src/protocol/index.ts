/**
 * LSTP with no I/O in it: frames, legs, set-up, carriers, tunnels. Imports nothing, reads no clock, draws no chance:
 * bytes, commands, `now` and a Crypto come in; bytes, events and deadlines go out.
 * Start at messages.ts (the list of messages) and docs/spec.md (normative).
 */
export * from './bytes.js';
export * from './carrier-setup.js';
export * from './crypto.js';
export * from './digest.js';
export * from './end-ledger.js';
export * from './error.js';
export * from './frame.js';
export * from './leg.js';
export * from './leg-event.js';
export * from './leg-hello.js';
export * from './limits.js';
export * from './messages.js';
export * from './passage.js';
export * from './peer-check.js';
export * from './relay-rules.js';
export * from './rendezvous.js';
export * from './rendezvous-action.js';
export * from './setup.js';
export * from './shape.js';
export * from './standby-pool.js';
export * from './topology.js';
export type { Carrier, CarrierFacts, CarrierState } from './carrier.js';
export type { Channel, ChannelRequestBody, ChannelState } from './channel.js';
export type { Properties } from './exchange.js';
export { HEADROOM } from './outgoing.js';
export * from './pool.js';
export * from './tunnel.js';
export * from './tunnel-event.js';
export type { TunnelOptions } from './tunnel-options.js';
