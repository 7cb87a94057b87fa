import { expect } from 'chai';
import { conformance } from '../../src/conformance/index.js';
import { FAULTY, legs, rewriter } from './faulty-plugins.js';

const LOGIN = { login: { right: { user: 'ann', proof: 'a good password' } } };

describe('the conformance suites', function () {
  this.timeout(60_000);

  for (const [what, plugin] of [['a rewriter', rewriter], ['a plugin that carries legs', legs]] as const) {
    describe(`accept ${what}:`, () => {
      for (const { title, run } of conformance(plugin)) it(title, run);
    });
  }

  for (const [fault, plugin, title] of FAULTY) {
    it(`find out a plugin that ${fault}`, async () => {
      const check = conformance(plugin, LOGIN).find((one) => one.title === title);
      const error: unknown = await check?.run().then(() => undefined, (thrown: unknown) => thrown);
      expect(error, title).to.be.instanceOf(Error);
    });
  }
});
