import { conformance, conformsAsModule } from '../../src/conformance/index.js';
import { bundledPlugins } from '@lstp/plugins';
import { BUNDLED_SAMPLES } from './bundled-samples.js';

describe('every bundled plugin keeps the contract:', function () {
  this.timeout(60_000);
  for (const { title, run } of conformsAsModule(import.meta.resolve('@lstp/plugins')).filter(({ title }) => title.includes('imported'))) it(title, run);

  for (const plugin of bundledPlugins) {
    describe(plugin.name, () => {
      const sample = BUNDLED_SAMPLES[plugin.name];
      if (sample === undefined) {
        it('has a conformance case', () => {
          throw new Error(`no conformance case for plugin ${plugin.name}; add it to packages/cli/test/conformance/bundled-samples.ts`);
        });
        return;
      }
      for (const { title, run } of conformance(plugin, sample)) it(title, run);
    });
  }
});
