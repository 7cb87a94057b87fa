/**
 * OpenSSH's parts, with throwaway keys and configuration in a temporary folder: an sshd that lets one key in,
 * and an ssh that reads no configuration but ours.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '@lstp/core';
import type { Child, Command } from '../process/child.js';
import { needProgramOf } from '../process/debian-packages.js';
import type { Scope } from '../process/scope.js';
import { untilReady } from '../process/until-ready.js';

/** `SSH-2.0-`: what an sshd says first. */
const BANNER_BYTES = 8;

export interface SshKeys {
  readonly folder: string;
  readonly hostKey: string;
  /** For `ssh -F`: the user key, and no file of the machine's or the user's. */
  readonly clientConfiguration: string;
}

/** One host key and one user key, for all sshds of a chain. `options`: further lines for ssh_config. */
export async function makeSshKeys(scope: Scope, options: string): Promise<SshKeys> {
  const folder = scope.temporaryFolder();
  const [hostKey, userKey] = [join(folder, 'host'), join(folder, 'user')];
  for (const file of [hostKey, userKey]) await promisify(execFile)('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file]);
  await copyFile(`${userKey}.pub`, join(folder, 'authorized_keys'));
  const clientConfiguration = join(folder, 'ssh_config');
  await writeFile(
    clientConfiguration,
    `IdentityFile ${userKey}
IdentitiesOnly yes
IdentityAgent none
GlobalKnownHostsFile /dev/null
UserKnownHostsFile ${join(folder, 'known_hosts')}
StrictHostKeyChecking accept-new
ExitOnForwardFailure yes
BatchMode yes
LogLevel ERROR
${options}
`,
  );
  return { folder, hostKey, clientConfiguration };
}

/** Comes back when it shows its banner. `options`: further lines for sshd_config. */
export async function startSshd(scope: Scope, keys: SshKeys, { name, options = '' }: { readonly name: string; readonly options?: string }): Promise<{ child: Child; port: number }> {
  const port = await freePort();
  const file = join(keys.folder, `sshd-${name}`);
  await writeFile(
    file,
    `Port ${port}
ListenAddress 127.0.0.1
HostKey ${keys.hostKey}
AuthorizedKeysFile ${join(keys.folder, 'authorized_keys')}
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
AllowTcpForwarding yes
LogLevel ERROR
${options}
`,
  );
  const child = scope.start(sshdCommand(`sshd at ${name}`, file));
  await untilReady({ port, say: '', hear: BANNER_BYTES }, [child]);
  return { child, port };
}

/** An ssh that forwards and runs no command. */
export function startSsh(scope: Scope, { keys, name, args }: { keys: SshKeys; name: string; args: readonly string[] }): Child {
  return startSshWith(scope, { keys, name, args: ['-N', ...args] });
}

/** Any ssh. */
export function startSshWith(scope: Scope, { keys, name, args, env = {} }: { keys: SshKeys; name: string; args: readonly string[]; env?: Readonly<Record<string, string>> }): Child {
  return scope.start({ name: `ssh at ${name}`, file: needProgramOf('openssh-client'), args: ['-F', keys.clientConfiguration, ...args], env });
}

/**
 * Run by root, sshd wants its separation folder, which may not exist where no sshd was ever started. It then
 * gets one in a mount namespace of its own, so that nothing of the machine is changed.
 */
function sshdCommand(name: string, configuration: string): Command {
  const file = needProgramOf('openssh-server');
  const args = ['-D', '-e', '-f', configuration];
  if (process.getuid?.() !== 0 || existsSync('/run/sshd')) return { name, file, args };
  const script = 'mount -t tmpfs none /run && mkdir /run/sshd && exec "$@"';
  return { name, file: 'unshare', args: ['-m', 'sh', '-c', script, 'sh', file, ...args] };
}
