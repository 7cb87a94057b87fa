/** Ways from X clients at desk to an X server at lab, which is a real Xvfb. */
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '@lstp/core';
import { needProgramOf } from '../process/debian-packages.js';
import type { Scope } from '../process/scope.js';
import { untilReady } from '../process/until-ready.js';
import type { Chain, Hop } from './adapter.js';
import { pidsOf, startNodes } from './lstp.js';
import { makeSshKeys, startSsh, startSshd, startSshWith } from './openssh.js';

/** What a client needs to find a display, and to be let in. */
export type DisplayEnvironment = Readonly<Record<'DISPLAY' | 'XAUTHORITY', string>>;

export interface DisplayChain extends Pick<Chain, 'pids'> {
  /** As it stands in the table. */
  readonly name: string;
  readonly environment: DisplayEnvironment;
}

export interface DisplaySetting {
  readonly scope: Scope;
  /** Of the X server. */
  readonly server: DisplayEnvironment;
  readonly hop: Hop;
}

/** Full screen, for a stream of images. */
const SCREEN = '1280x1024x24';

export async function startXServer(scope: Scope): Promise<DisplayEnvironment> {
  const folder = scope.temporaryFolder();
  const authority = join(folder, 'server.Xauthority');
  await writeFile(authority, cookieForAll(randomBytes(16)), { mode: 0o600 });
  const args = ['-displayfd', '1', '-auth', authority, '-nolisten', 'tcp', '-noreset', '-screen', '0', SCREEN];
  const child = scope.start({ name: 'Xvfb', file: needProgramOf('xvfb'), args });
  return { DISPLAY: `:${await child.untilSays(/^(\d+)$/m)}`, XAUTHORITY: authority };
}

/** lstp, under `name`; `keys` are further keys of its service. */
export async function startLstpDisplay({ scope, server, hop }: DisplaySetting, name: string, keys = ''): Promise<DisplayChain> {
  const authority = join(scope.temporaryFolder(), 'desk.Xauthority');
  const own = `plugin: x11, to: "${server.DISPLAY}", toXauthority: "${server.XAUTHORITY}", xauthority: "${authority}"`;
  const nodes = await startNodes({ scope, hop }, { services: [{ name: 'bench', keys: keys === '' ? own : `${own}, ${keys}` }] });
  const display = await nodes.desk.untilSays(/DISPLAY=(\S+) XAUTHORITY=/);
  return { name, environment: { DISPLAY: display, XAUTHORITY: authority }, pids: pidsOf(nodes) };
}

/**
 * `ssh -X -J`, from where the display is: desk holds a reverse tunnel to its sshd at the relay, lab jumps over the relay into
 * it. The end of its 20 minutes is put off (ForwardX11Timeout), or a long run of the bench would not see its own.
 */
export async function startSshDisplay({ scope, server, hop }: DisplaySetting, name: string): Promise<DisplayChain> {
  const keys = await makeSshKeys(scope, 'ForwardX11Timeout 0');
  const authority = join(keys.folder, 'desk.Xauthority');
  const forwarding = `X11Forwarding yes\nSetEnv XAUTHORITY=${authority}`;
  const [relay, deskSshd] = await Promise.all([startSshd(scope, keys, { name: 'relay' }), startSshd(scope, keys, { name: 'desk', options: forwarding })]);
  const reversePort = await freePort();
  const deskSsh = startSsh(scope, { keys, name: 'desk', args: ['-R', `127.0.0.1:${reversePort}:127.0.0.1:${deskSshd.port}`, '-p', `${await hop(relay.port, 'desk')}`, '127.0.0.1'] });
  await untilReady({ port: reversePort, say: '', hear: 8 }, [deskSsh]);
  const args = ['-X', '-J', `127.0.0.1:${await hop(relay.port, 'lab')}`, '-p', `${reversePort}`, '127.0.0.1', 'echo "DISPLAY=$DISPLAY"; exec tail -f /dev/null'];
  const labSsh = startSshWith(scope, { keys, name: 'lab', args, env: server });
  const display = await labSsh.untilSays(/^DISPLAY=(\S+)$/m);
  return { name, environment: { DISPLAY: display, XAUTHORITY: authority }, pids: { desk: [deskSsh.pid, deskSshd.child.pid], relay: [relay.child.pid], lab: [labSsh.pid] } };
}

/** One record of an Xauthority file: of any address (65535), for any display. */
function cookieForAll(cookie: Buffer): Buffer {
  const field = (bytes: Buffer): Buffer => Buffer.concat([Buffer.of(bytes.length >> 8, bytes.length & 0xff), bytes]);
  return Buffer.concat([Buffer.of(0xff, 0xff), field(Buffer.alloc(0)), field(Buffer.alloc(0)), field(Buffer.from('MIT-MAGIC-COOKIE-1')), field(cookie)]);
}
