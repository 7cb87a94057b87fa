/**
 * @lstp/legs: how legs come about. Ways out through proxies, what carries a leg, and the listeners that take it; each
 * handshake is a plugin's. Not here: the protocol of legs, which is core's.
 */
import 'reflect-metadata';
export * from './egress-dialer.js';
export { dialSteps, type DialStep } from './dial-step.js';
export { LegRoles } from './leg-roles.js';
export { LegTaker, type LegTakerOptions } from './leg-taker.js';
