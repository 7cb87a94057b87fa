/** @lstp/end: the end proxy: carriers, upkeep of tunnels, services, authorisation. Names no plugin. */
import 'reflect-metadata';

export { EndRole, type EndRoleOptions } from './end-role.js';
export { authorise, type Decision, type Policy } from './service/authorise.js';
export { ApplicationDialer } from './application/application-dialer.js';
export { ApplicationListeners } from './application/application-listeners.js';
export { Slabs } from './flow/slabs.js';
export { TunnelRunner, type TunnelPolicy } from './flow/tunnel-runner.js';
