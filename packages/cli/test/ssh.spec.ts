import { expect } from 'chai';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../src/trial/free-ports.js';
import { BIN, Workplace } from './support/lstp.js';
import { makeFourNodes } from './support/four-nodes.js';
import { skipBecause } from './support/skip-because.js';

const SSHD = '/usr/sbin/sshd';

describe('ssh, with lstp connect as its ProxyCommand', function () {
  this.timeout(60_000);
  const place = new Workplace();
  let proxied: string[];

  before(async function () {
    if (!existsSync(SSHD) || spawnSync('ssh', ['-V']).status !== 0) skipBecause(this, 'openssh-server or openssh-client is not installed');
    const [port = 0] = await freePorts(1);
    startServer(place, port);
    const nodes = await makeFourNodes(place, port);
    for (const node of ['lab', 'desk', 'east', 'west'] as const) await nodes.start(node);
    proxied = [
      ...['-F', 'none', '-i', 'client', '-o', 'IdentitiesOnly=yes', '-o', 'UserKnownHostsFile=known', '-o', 'StrictHostKeyChecking=accept-new', '-o', 'BatchMode=yes'],
      ...['-o', `ProxyCommand="${process.execPath}" "${BIN}" connect ${nodes.file} --as desk connected`],
    ];
  });
  after(() => place.remove());

  it('runs a command at the far end', async () => {
    const { status, stdout } = await place.spawn('ssh', [...proxied, target(), 'echo over there; exit 7']).ended;
    expect([status, stdout]).to.deep.equal([7, 'over there\n']);
  });

  it('carries standard input to its end, and megabytes back', async () => {
    const running = place.spawn('ssh', [...proxied, target(), 'cat']);
    running.child.stdin?.end('x'.repeat(5_000_000));
    const { status, stdout } = await running.ended;
    expect([status, stdout.length]).to.deep.equal([0, 5_000_000]);
  });
});

function target(): string {
  return `${userInfo().username}@behind-two-firewalls`;
}

/** An sshd of our own: its keys, its port, no one else's configuration. */
function startServer(place: Workplace, port: number): void {
  const at = (name: string): string => join(place.folder, name);
  for (const name of ['host', 'client']) execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', at(name)]);
  writeFileSync(at('sshd_config'), `ListenAddress 127.0.0.1:${port}\nHostKey ${at('host')}\nAuthorizedKeysFile ${at('client.pub')}\nStrictModes no\nUsePAM no\nPidFile none\n`);
  // sshd wants its privilege separation directory when root starts it.
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  place.spawn(SSHD, ['-D', '-e', '-f', at('sshd_config')]);
}
