/** @lstp/legs/testing: real proxies as processes, for tests in this repository. Not published. */
export * from './authority.js';
export * from './proxy-bed.js';
export { greetingServer, type GreetingServer } from './greeting-server.js';
