import { expect } from 'chai';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { loadChains } from '../../src/load-chains.js';

const FOLDER = fileURLToPath(new URL('../../../../../examples/firewalls/', import.meta.url));

describe('examples/firewalls', () => {
  const files = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('chain.yaml'));

  it('has a chain file for each scenario', () => {
    expect(files.length).to.be.greaterThan(5);
  });

  for (const file of files) {
    it(`has a chain file that is right: ${file}`, async () => {
      expect(await loadChains([`${FOLDER}${file}`], { plugins: true })).to.have.length(1);
    });
  }
});
