/** HAProxy in TCP mode with splice: the relay of the stunnel chain, and the measure of a pass-through middle. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '@lstp/core';
import type { Child } from '../process/child.js';
import { needProgramOf } from '../process/debian-packages.js';
import type { Scope } from '../process/scope.js';
import { untilReady } from '../process/until-ready.js';
import { untilEchoes, type Adapter } from './adapter.js';

export const haproxy: Adapter = {
  name: 'HAProxy',
  packages: ['haproxy'],
  encrypted: false,
  async start({ scope, target, hop }) {
    const { child, port } = await startHaproxy(scope, target);
    const entrance = await hop(port, 'desk');
    await untilEchoes(entrance, [child]);
    return { entrance, pids: { relay: [child.pid] } };
  },
};

/** Passes `port` to `target`; comes back when it accepts. */
export async function startHaproxy(scope: Scope, target: number): Promise<{ child: Child; port: number }> {
  const port = await freePort();
  const file = join(scope.temporaryFolder(), 'haproxy.cfg');
  await writeFile(file, configuration(port, target));
  const child = scope.start({ name: 'haproxy', file: needProgramOf('haproxy'), args: ['-db', '-f', file] });
  await untilReady({ port, say: '', hear: 0 }, [child]);
  return { child, port };
}

/** maxconn is left out: HAProxy then derives it, and its pipes, from the descriptor limit. */
function configuration(port: number, target: number): string {
  return `
defaults
  mode tcp
  option splice-auto
  option tcp-smart-accept
  option tcp-smart-connect
  timeout connect 10s
  timeout client 1h
  timeout server 1h
listen relay
  bind 127.0.0.1:${port} backlog 4096
  server lab 127.0.0.1:${target}
`;
}
