/**
 * @lstp/middle: the relay. Pairs legs, appends its topology entry, dials neighbours, passes bytes through unseen.
 *
 *   const role = new MiddleRole(hub, { node, chains, signer, log });
 *   role.start();            after hub.start(), or before: it needs no listener
 *   role.status(), role.reload(chains), await role.drain(30_000), role.stop()
 */
export * from './middle-role.js';
export { Pipe, PipeBudget } from './pipe.js';
