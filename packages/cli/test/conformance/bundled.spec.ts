import { conformance, conformsAsModule } from '../../src/conformance/index.js';
import { bundledPlugins } from '@lstp/plugins';
import { BUNDLED_SAMPLES } from './bundled-samples.js';

describe('every bundled plugin keeps the contract:', function () {
  this.timeout(60_000);
  for (const plugin of bundledPlugins) {
    describe(plugin.name, () => {
      const sample = BUNDLED_SAMPLES[plugin.name];
      if (sample === undefined) {
        it('has a conformance case', () => {
          throw new Error(`no conformance case for plugin ${plugin.name}; add it to packages/cli/test/conformance/bundled-samples.ts`);
        });
        return;
      }
      const module = new URL(`${plugin.name}/index.js`, import.meta.resolve('@lstp/plugins')).href;
      for (const { title, run } of [...conformsAsModule(module), ...conformance(plugin, sample)]) it(title, run);
    });
  }
});
