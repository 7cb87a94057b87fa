/** lstp/testing: the command as a process, and what goes with it, for whole-system tests in this repository. Not published. */
export { freePort, freePorts } from '@lstp/core';
export * from './lstp.js';
export { skipBecause } from '@lstp/core/testing';
export { TestServer, echo } from './two-ends.js';
export { missingForSsh, startSshd, type OwnSshd } from './own-sshd.js';
