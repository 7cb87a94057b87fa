/** @lstp/end: the end proxy: carriers, upkeep of tunnels, services, authorisation. Names no plugin. */
import 'reflect-metadata';

export { EndRole, type EndRoleOptions } from './end-role.js';
export { authorise, type Decision, type Policy } from './authorise.js';
export { ApplicationDialer } from './application-dialer.js';
export { ApplicationListeners } from './application-listeners.js';
export { Slabs } from './slabs.js';
export { TunnelRunner, type TunnelPolicy } from './tunnel-runner.js';
