/**
 * OpenSSH end to end: the lab holds a reverse tunnel to its sshd at the relay, the desk jumps over the relay
 * into it (-J). The relay's sshd sees ciphertext only; everything is encrypted twice on the way to it.
 */
import { freePort } from '@lstp/core';
import { untilReady } from '../process/until-ready.js';
import { untilEchoes, type Adapter, type Chain, type Setting } from './adapter.js';
import { makeSshKeys, startSsh, startSshd } from './openssh.js';

/** As it comes. */
export const opensshJump = jump('OpenSSH -J', '');
/** With the cipher that the others have: faster where the processor has AES. */
export const opensshJumpAes = jump('OpenSSH -J AES', 'Ciphers aes128-gcm@openssh.com');

function jump(name: string, options: string): Adapter {
  return { name, packages: ['openssh-server', 'openssh-client'], encrypted: true, start: (setting) => startJump(setting, options) };
}

async function startJump({ scope, target, hop }: Setting, options: string): Promise<Chain> {
  const keys = await makeSshKeys(scope, options);
  const [relay, labSshd] = await Promise.all([startSshd(scope, keys, { name: 'relay' }), startSshd(scope, keys, { name: 'lab' })]);
  const reversePort = await freePort();
  const labSsh = startSsh(scope, { keys, name: 'lab', args: ['-R', `127.0.0.1:${reversePort}:127.0.0.1:${labSshd.port}`, '-p', `${await hop(relay.port, 'lab')}`, '127.0.0.1'] });
  await untilReady({ port: reversePort, say: '', hear: 8 }, [labSsh]);
  const entrance = await freePort();
  const forward = `127.0.0.1:${entrance}:127.0.0.1:${target}`;
  const desk = startSsh(scope, { keys, name: 'desk', args: ['-L', forward, '-J', `127.0.0.1:${await hop(relay.port, 'desk')}`, '-p', `${reversePort}`, '127.0.0.1'] });
  await untilEchoes(entrance, [desk]);
  return { entrance, pids: { desk: [desk.pid], relay: [relay.child.pid], lab: [labSsh.pid, labSshd.child.pid] } };
}
