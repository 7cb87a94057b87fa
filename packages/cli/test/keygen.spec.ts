import { expect } from 'chai';
import { readIdentity } from '@lstp/core/security';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Workplace } from './support/lstp.js';

describe('lstp keygen', function () {
  this.timeout(30_000);
  let place: Workplace;
  beforeEach(() => {
    place = new Workplace();
  });
  afterEach(() => place.remove());

  it('prints the public key alone and keeps the private one in DIR/NODE.key', async () => {
    const { status, stdout, stderr } = await place.run(['keygen', 'desk', '--keys', 'keys']);
    expect([status, stderr]).to.deep.equal([0, '']);
    const path = join(place.folder, 'keys/desk.key');
    expect(stdout).to.equal(`${readIdentity(path).publicKey}\n`);
    expect(statSync(path).mode & 0o777).to.equal(0o600);
  });

  it('writes to ~/.config/lstp/keys if not told where', async () => {
    await place.run(['keygen', 'desk']);
    expect(statSync(join(place.folder, '.config/lstp/keys/desk.key')).isFile()).to.equal(true);
  });

  it('never overwrites a key', async () => {
    await place.run(['keygen', 'desk', '--keys', '.']);
    const before = readFileSync(join(place.folder, 'desk.key'), 'utf8');
    const { status, stdout, stderr } = await place.run(['keygen', 'desk', '--keys', '.']);
    expect([status, stdout]).to.deep.equal([1, '']);
    expect(stderr).to.contain('desk.key: exists already and is not overwritten');
    expect(readFileSync(join(place.folder, 'desk.key'), 'utf8')).to.equal(before);
  });

  const places: [string, string, RegExp][] = [
    ['a folder that is a file', 'plain/keys', /^lstp: plain\/keys\/desk\.key: cannot be made: (ENOTDIR: .*'plain\/keys'|EEXIST: .*'plain')/],
    ['a file as the folder', 'plain', /^lstp: plain\/desk\.key: cannot be made: EEXIST: .*'plain'/],
    ...(process.platform === 'linux' ? ([['a folder where none can be made', '/proc/absent/keys', /^lstp: \/proc\/absent\/keys\/desk\.key: cannot be made: ENOENT: .*'\/proc\/absent'/]] as [string, string, RegExp][]) : []),
  ];
  for (const [what, folder, message] of places) {
    it(`says why it cannot write into ${what}`, async () => {
      writeFileSync(join(place.folder, 'plain'), '');
      const { status, stdout, stderr } = await place.run(['keygen', 'desk', '--keys', folder]);
      expect([status, stdout]).to.deep.equal([1, '']);
      expect(stderr).to.match(message);
    });
  }

  it('refuses what is no name of a node, naming one that would be', async () => {
    const { status, stderr } = await place.run(['keygen', 'My Desk']);
    expect(status).to.equal(2);
    expect(stderr).to.contain('"my-desk" would be one');
  });
});
