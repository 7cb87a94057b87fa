/**
 * bad-plugins/chain.yaml lists modules that are no plugins, each in its own way; bad-plugins/errors.txt is what `lstp check`
 * says. Another case: add the module and its line, run once with LSTP_GOLDEN=write, and read what was written.
 */
import { expect } from 'chai';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Workplace } from './support/lstp.js';

const FOLDER = new URL('../../test/bad-plugins/', import.meta.url);
const CHAIN = fileURLToPath(new URL('chain.yaml', FOLDER));
const GOLDEN = new URL('errors.txt', FOLDER);

describe('modules that are no plugins', function () {
  this.timeout(30_000);
  const place = new Workplace();
  after(() => place.remove());

  for (const [command, args] of [
    ['check', []],
    ['map', []],
    ['plugins', []],
    ['up', ['--all']],
  ] as const) {
    it(`are all named by lstp ${command}, each at its place`, async () => {
      const { status, stdout, stderr } = await place.run([command, CHAIN, ...args]);
      const said = withoutPlaces(stderr);
      if (process.env['LSTP_GOLDEN'] === 'write') writeFileSync(GOLDEN, said);
      expect(said).to.equal(readFileSync(GOLDEN, 'utf8'));
      expect([status, stdout]).to.deep.equal([1, '']);
    });
  }

  it('are not run by lstp check --no-plugins', async () => {
    expect(await place.run(['check', '--no-plugins', CHAIN])).to.deep.include({ status: 0, stdout: '', stderr: '' });
  });
});

/** The same on every machine. */
function withoutPlaces(text: string): string {
  return text.replaceAll(fileURLToPath(FOLDER), '').replaceAll(/ imported from .*/g, '');
}
