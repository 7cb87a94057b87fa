import type { PluginDefinition } from '@lstp/core/plugin';
import { conformsAsBackEnd } from './back-end-checks.js';
import type { Check } from './check.js';
import { conformsAsCodec } from './codec-checks.js';
import { conformsAsConnector } from './connector-checks.js';
import { conformsAsPlugin } from './definition-checks.js';
import { conformsAsFrontEnd } from './front-end-checks.js';
import { conformsAsLegDialer, conformsAsLegListener } from './leg-checks.js';
import { conformsAsLogin } from './login-checks.js';
import type { Role } from './make-role.js';
import { conformsAsMonitor } from './monitor-checks.js';
import { conformsAsRewriter } from './rewriter-checks.js';
import type { PluginSample } from './sample.js';
import { conformsAsSecurity } from './security-checks.js';

/** The checks of every role that a plugin has. Throws where the sample lacks what a role needs. */
export function conformance(plugin: PluginDefinition, sample: PluginSample = {}): Check[] {
  const roles = (Object.keys(SUITES) as Role[]).filter((role) => plugin[role] !== undefined);
  return [...conformsAsPlugin(plugin, sample), ...roles.flatMap((role) => SUITES[role](plugin, sample))];
}

const SUITES: Readonly<Record<Role, (plugin: PluginDefinition, sample: PluginSample) => Check[]>> = {
  frontEnd: conformsAsFrontEnd,
  backEnd: conformsAsBackEnd,
  security: conformsAsSecurity,
  connector: conformsAsConnector,
  codec: conformsAsCodec,
  rewriter: conformsAsRewriter,
  monitor: conformsAsMonitor,
  login: (plugin, { login, ...sample }) => {
    if (login === undefined) throw new Error(`the sample of ${plugin.name} has no \`login\`: write login: { right: { user, proof } }`);
    return conformsAsLogin(plugin, { ...sample, login });
  },
  legDialer: conformsAsLegDialer,
  legListener: conformsAsLegListener,
};
