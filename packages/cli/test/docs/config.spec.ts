import { expect } from 'chai';
import { parseChain, PluginCatalogue } from '@lstp/core';
import { bundledPlugins } from '@lstp/plugins';
import { readDocument } from '../support/documents.js';

const PAGE = readDocument('docs/config.md');

describe('docs/config.md and docs/chain.schema.json', () => {
  it('are what tools/write-config-docs.mjs would write', async () => {
    const tool = (await import(new URL('../../../../../tools/write-config-docs.mjs', import.meta.url).href)) as { configDocs(): Record<string, string> };
    for (const [file, text] of Object.entries(tool.configDocs())) expect(readDocument(file), `${file}: run node tools/write-config-docs.mjs`).to.equal(text);
  });

  const examples = [...PAGE.matchAll(/```yaml\n(lstp: 1\n.*?)```/gs)].map(([, text = '']) => text);

  it('have examples', () => expect(examples.length).to.be.at.least(4));

  for (const [index, text] of examples.entries()) {
    it(`have examples that \`lstp check\` finds right: ${index + 1}`, () => {
      parseChain(text, 'docs/config.md', new PluginCatalogue(bundledPlugins));
    });
  }
});
