/** @lstp/core: the LSTP protocol, its I/O, the chain file, the plugin contract. Public to middle, end, plugins and cli. */
export * from './config/chain.js';
export * from './config/config-error.js';
export * from './io/index.js';
export * from './config/index.js';
export * from './node/neighbours.js';
export * from './node/running-node.js';
export * from './plugin/catalogue.js';
export { construct } from './plugin/construct.js';
export * from './plugin/contract.js';
export * from './plugin/handshake.js';
export * from './protocol/index.js';
export * from './security/index.js';
