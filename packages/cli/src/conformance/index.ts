/**
 * lstp/conformance: whether a plugin keeps the contract. Checks for any test runner, one set a role:
 *
 *   import { conformance } from 'lstp/conformance';
 *   import plugin from './index.js';
 *   for (const { title, run } of conformance(plugin, { options: ({ listen, to }) => ({ listen, to }) })) test(title, run);
 *
 * Front ends and back ends are tried in real tunnels of two ends in this process, over loopback; nothing else is needed.
 * How to test a plugin: docs/plugins.md.
 */
export { conformance } from './conformance.js';
export type { Check } from './check.js';
export type { BackEndSample, FrontEndSample, LoginSample, Place, PluginSample } from './sample.js';
export { conformsAsBackEnd } from './back-end-checks.js';
export { conformsAsCodec } from './codec-checks.js';
export { conformsAsConnector } from './connector-checks.js';
export { conformsAsPlugin } from './definition-checks.js';
export { conformsAsFrontEnd } from './front-end-checks.js';
export { conformsAsLegDialer, conformsAsLegListener } from './leg-checks.js';
export { conformsAsLogin } from './login-checks.js';
export { conformsAsModule } from './module-checks.js';
export { conformsAsMonitor } from './monitor-checks.js';
export { conformsAsRewriter } from './rewriter-checks.js';
export { conformsAsSecurity } from './security-checks.js';
export { readAll, readUntil } from './bytes.js';
export { Pair, type PairOptions } from './pair.js';
