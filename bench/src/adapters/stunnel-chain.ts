/**
 * stunnel at both ends, HAProxy between them: TLS 1.3 end to end with certificates checked by both,
 * and a relay that only passes. A rendezvous it is not: its lab has to listen.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '@lstp/core';
import type { Child } from '../process/child.js';
import { needProgramOf } from '../process/debian-packages.js';
import type { Scope } from '../process/scope.js';
import { untilReady } from '../process/until-ready.js';
import { untilEchoes, type Adapter } from './adapter.js';
import { makeCertificate, type Certificate } from './certificate.js';
import { startHaproxy } from './haproxy.js';

export const stunnelChain: Adapter = {
  name: 'stunnel chain',
  packages: ['stunnel4', 'haproxy', 'openssl'],
  encrypted: true,
  async start({ scope, target, hop }) {
    const folder = scope.temporaryFolder();
    const [deskCertificate, labCertificate] = await Promise.all([makeCertificate(folder, 'desk'), makeCertificate(folder, 'lab')]);
    const labPort = await freePort();
    const lab = await startStunnel(scope, { name: 'lab', role: 'server', accept: labPort, connect: target, own: labCertificate, peer: deskCertificate });
    const relay = await startHaproxy(scope, labPort);
    const entrance = await freePort();
    const desk = await startStunnel(scope, { name: 'desk', role: 'client', accept: entrance, connect: await hop(relay.port, 'desk'), own: deskCertificate, peer: labCertificate });
    await untilEchoes(entrance, [lab, relay.child, desk]);
    return { entrance, pids: { desk: [desk.pid], relay: [relay.child.pid], lab: [lab.pid] } };
  },
};

interface Stunnel {
  readonly name: string;
  readonly role: 'client' | 'server';
  readonly accept: number;
  readonly connect: number;
  readonly own: Certificate;
  readonly peer: Certificate;
}

async function startStunnel(scope: Scope, stunnel: Stunnel): Promise<Child> {
  const file = join(scope.temporaryFolder(), 'stunnel.conf');
  await writeFile(file, configuration(stunnel));
  const child = scope.start({ name: `stunnel at ${stunnel.name}`, file: needProgramOf('stunnel4'), args: [file] });
  await untilReady({ port: stunnel.accept, say: '', hear: 0 }, [child]);
  return child;
}

/** The same cipher as lstp's, and no Nagle delay: stunnel at its best. */
function configuration({ role, accept, connect, own, peer }: Stunnel): string {
  return `
foreground = yes
pid =
debug = err
syslog = no
socket = l:TCP_NODELAY=1
socket = r:TCP_NODELAY=1
[bench]
client = ${role === 'client' ? 'yes' : 'no'}
accept = 127.0.0.1:${accept}
connect = 127.0.0.1:${connect}
cert = ${own.certificateFile}
key = ${own.keyFile}
CAfile = ${peer.certificateFile}
verifyPeer = yes
sslVersionMin = TLSv1.3
ciphersuites = TLS_AES_128_GCM_SHA256
`;
}
