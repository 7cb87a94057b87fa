/** What the conformance suites need to know of each bundled plugin. A plugin without a line here fails its test. */
import type { PluginSample } from '../../src/conformance/index.js';

export const BUNDLED_SAMPLES: Readonly<Record<string, PluginSample>> = {
  forward: { options: ({ listen, to }) => ({ listen, to }) },
  stdio: {},
  tls: {},
};
