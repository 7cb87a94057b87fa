/** Support for tests of this and other packages: seeded chance, keys by name, simulated networks. Not for nodes. */
export * from './lying-middle.js';
export * from './open-handles.js';
export * from './seeded-crypto.js';
export * from './setup-edits.js';
export * from './skip-because.js';
export * from './socket-pair.js';
export * from './until.js';
