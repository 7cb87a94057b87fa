import { expect } from 'chai';
import { skipBecause } from '@lstp/core/testing';
import { BIN, Workplace } from './support/lstp.js';
import { makeFourNodes } from './support/four-nodes.js';
import { missingForSsh, startSshd } from './support/own-sshd.js';

describe('ssh, with lstp connect as its ProxyCommand', function () {
  this.timeout(60_000);
  const place = new Workplace();
  let proxied: string[];

  before(async function () {
    const missing = missingForSsh();
    if (missing !== undefined) skipBecause(this, missing);
    const sshd = await startSshd(place);
    const nodes = await makeFourNodes(place, sshd.port);
    for (const node of ['lab', 'desk', 'east', 'west'] as const) await nodes.start(node);
    proxied = [...sshd.options, '-o', `ProxyCommand="${process.execPath}" "${BIN}" connect ${nodes.file} --as desk connected`, `${sshd.user}@behind-two-firewalls`];
  });
  after(() => place.remove());

  it('runs a command at the far end', async () => {
    const { status, stdout } = await place.spawn('ssh', [...proxied, 'echo over there; exit 7']).ended;
    expect([status, stdout]).to.deep.equal([7, 'over there\n']);
  });

  it('carries standard input to its end, and megabytes back', async () => {
    const running = place.spawn('ssh', [...proxied, 'cat']);
    running.child.stdin?.end('x'.repeat(5_000_000));
    const { status, stdout } = await running.ended;
    expect([status, stdout.length]).to.deep.equal([0, 5_000_000]);
  });

  it('holds an interactive session on a terminal', async () => {
    const [target, ...options] = proxied.toReversed();
    const session = place.spawn('ssh', ['-tt', ...options.toReversed(), target as string, 'env -i PS1= TERM=dumb sh -i']);
    session.child.stdin?.write('test -t 0 && echo on a terminal\n');
    await session.says(/^on a terminal\r?$/m);
    session.child.stdin?.write('echo $((6 * 7))\n');
    await session.says(/^42\r?$/m);
    session.child.stdin?.write('exit 3\n');
    expect((await session.ended).status).to.equal(3);
  });
});
