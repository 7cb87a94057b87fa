import { expect } from 'chai';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pluginSkeleton } from '../src/starter/plugin-skeleton.js';
import { Workplace } from './support/lstp.js';

const EXAMPLE = fileURLToPath(new URL('../../../../examples/plugin/', import.meta.url));

describe('lstp plugin new', function () {
  this.timeout(30_000);
  let place: Workplace;
  beforeEach(() => {
    place = new Workplace();
  });
  afterEach(() => place.remove());

  it('writes what examples/plugin is: `lstp plugin new finger examples/plugin` makes it anew', () => {
    const skeleton = pluginSkeleton('finger');
    expect(readdirSync(EXAMPLE).filter((file) => file !== 'node_modules').sort()).to.deep.equal([...skeleton.keys()]);
    for (const [file, text] of skeleton) expect(readFileSync(join(EXAMPLE, file), 'utf8'), file).to.equal(text);
  });

  it('puts the name everywhere, and says what to type next', async () => {
    const { status, stdout, stderr } = await place.run(['plugin', 'new', 'gopher']);
    expect([status, stderr]).to.deep.equal([0, '']);
    expect(stdout).to.contain('cd lstp-plugin-gopher\n').and.match(/^  npm install --no-save \S*packages.cli$/m);
    const folder = join(place.folder, 'lstp-plugin-gopher');
    for (const file of readdirSync(folder)) expect(readFileSync(join(folder, file), 'utf8'), file).not.to.contain('__');
    expect(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))).to.deep.include({ name: 'lstp-plugin-gopher' });
    expect(readFileSync(join(folder, 'index.js'), 'utf8')).to.contain("name: 'gopher'");
  });

  it('overwrites nothing', async () => {
    await place.run(['plugin', 'new', 'gopher', 'here']);
    const { status, stdout, stderr } = await place.run(['plugin', 'new', 'gopher', 'here']);
    expect([status, stdout]).to.deep.equal([1, '']);
    expect(stderr).to.equal('lstp: here/README.md exists already, and nothing is overwritten; give another folder\n');
  });

  for (const [what, name, answer] of [
    ['that is none', 'Go Pher', /"Go Pher" is no name for a plugin: .*"go-pher" would be one/],
    ['that a bundled plugin has', 'forward', /a plugin that comes with lstp is named "forward"; give yours another name/],
    ['that leaves no room for a second plugin', 'x'.repeat(60), /is too long/],
  ] as const) {
    it(`refuses a name ${what}`, async () => {
      const { status, stderr } = await place.run(['plugin', 'new', name]);
      expect(stderr).to.match(answer);
      expect(status).to.equal(2);
      // Node keeps compiled code where temporary files go, here this folder.
      expect(readdirSync(place.folder).filter((file) => file !== 'node-compile-cache')).to.deep.equal([]);
    });
  }
});
