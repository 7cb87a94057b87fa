/** Proxies that people have, and socat, which leads a port through one. All on loopback. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '@lstp/core';
import { needProgramOf } from '../process/debian-packages.js';
import type { Scope } from '../process/scope.js';
import { untilReady } from '../process/until-ready.js';

/** Gives its port. */
export async function startDante(scope: Scope): Promise<number> {
  const port = await freePort();
  const folder = scope.temporaryFolder();
  const file = join(folder, 'danted.conf');
  const users = process.getuid?.() === 0 ? 'user.privileged: root\nuser.unprivileged: root\n' : '';
  await writeFile(file, `logoutput: stderr\ninternal: 127.0.0.1 port = ${port}\nexternal: 127.0.0.1\nclientmethod: none\nsocksmethod: none\n${users}client pass {\n from: 0/0 to: 0/0\n}\nsocks pass {\n from: 0/0 to: 0/0\n}\n`);
  const child = scope.start({ name: 'dante', file: needProgramOf('dante-server'), args: ['-f', file, '-p', join(folder, 'pid')] });
  await untilReady({ port, say: '', hear: 0 }, [child]);
  return port;
}

/** Gives its port. */
export async function startTinyproxy(scope: Scope): Promise<number> {
  const port = await freePort();
  const file = join(scope.temporaryFolder(), 'tinyproxy.conf');
  await writeFile(file, `Port ${port}\nListen 127.0.0.1\nTimeout 600\nLogLevel Error\n`);
  const child = scope.start({ name: 'tinyproxy', file: needProgramOf('tinyproxy-bin'), args: ['-d', '-c', file] });
  await untilReady({ port, say: '', hear: 0 }, [child]);
  return port;
}

/** Gives a port that leads to `target` through a proxy: SOCKS 4 or CONNECT, as socat has them. */
export async function startSocat(scope: Scope, { kind, proxy, target }: { readonly kind: 'socks' | 'http'; readonly proxy: number; readonly target: number }): Promise<number> {
  const port = await freePort();
  const way = kind === 'socks' ? `SOCKS4:127.0.0.1:127.0.0.1:${target},socksport=${proxy}` : `PROXY:127.0.0.1:127.0.0.1:${target},proxyport=${proxy}`;
  // 64 KiB at once instead of 8: at its best.
  const child = scope.start({ name: 'socat', file: needProgramOf('socat'), args: ['-b', '65536', `TCP-LISTEN:${port},bind=127.0.0.1,fork,reuseaddr,nodelay`, `${way},nodelay`] });
  await untilReady({ port, say: '', hear: 0 }, [child]);
  return port;
}
