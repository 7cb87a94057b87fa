/** Which Debian packages hold the peers, and which of them are missing here. */
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';

/** The program looked for, by package. */
const PROGRAMS = {
  stunnel4: 'stunnel',
  haproxy: 'haproxy',
  'openssh-server': 'sshd',
  'openssh-client': 'ssh',
  openssl: 'openssl',
  'dante-server': 'danted',
  'tinyproxy-bin': 'tinyproxy',
  socat: 'socat',
  xvfb: 'Xvfb',
  xauth: 'xauth',
  xterm: 'xterm',
  'x11-apps': 'x11perf',
} as const;

export type DebianPackage = keyof typeof PROGRAMS;

/** Where the program of `name` lies; undefined when the package is not installed. sshd insists on an absolute path. */
export function programOf(name: DebianPackage): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/usr/local/sbin', '/sbin'];
  return folders.map((folder) => join(folder, PROGRAMS[name])).find(isExecutable);
}

/** Like programOf(), for an adapter that has been found available. Throws otherwise. */
export function needProgramOf(name: DebianPackage): string {
  const file = programOf(name);
  if (file === undefined) throw new Error(`${PROGRAMS[name]} is missing: apt-get install ${name}`);
  return file;
}

export function missingOf(packages: readonly DebianPackage[]): DebianPackage[] {
  return packages.filter((name) => programOf(name) === undefined);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
