/** An sshd of the test's own: its keys, its port, no one else's configuration. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '@lstp/core';
import type { Workplace } from './lstp.js';

const SSHD = '/usr/sbin/sshd';

/** What is missing on this machine, or undefined. */
export function missingForSsh(): string | undefined {
  return existsSync(SSHD) && spawnSync('ssh', ['-V']).status === 0 ? undefined : 'openssh-server or openssh-client is not installed';
}

/** Options of `ssh` for its client's key; ends with the workplace. */
export interface OwnSshd {
  readonly port: number;
  readonly options: readonly string[];
  readonly user: string;
}

/** `inside`: the beginning of a command that runs it elsewhere, `ip netns exec NAME`. */
export async function startSshd(place: Workplace, inside: readonly string[] = []): Promise<OwnSshd> {
  const [port = 0] = await freePorts(1);
  const at = (name: string): string => join(place.folder, name);
  for (const name of ['host', 'client']) execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', at(name)]);
  writeFileSync(at('sshd_config'), `ListenAddress 127.0.0.1:${port}\nHostKey ${at('host')}\nAuthorizedKeysFile ${at('client.pub')}\nStrictModes no\nUsePAM no\nPidFile none\n`);
  // sshd wants its privilege separation directory when root starts it.
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  const [program = SSHD, ...args] = [...inside, SSHD, '-D', '-e', '-f', at('sshd_config')];
  place.spawn(program, args);
  const options = ['-F', 'none', '-i', at('client'), '-o', 'IdentitiesOnly=yes', '-o', `UserKnownHostsFile=${at('known')}`, '-o', 'StrictHostKeyChecking=accept-new', '-o', 'BatchMode=yes'];
  return { port, options, user: userInfo().username };
}
