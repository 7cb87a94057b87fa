/** Nothing of a channel is left when it is closed: not in the status, not as a descriptor, not in memory. */
import type { NodeStatus, TunnelStatus } from '@lstp/core';
import { createKeyFile, keyFilePath, publicKeyOf } from '@lstp/core/security';
import { expect } from 'chai';
import { BIN, freePorts, skipBecause, TestServer, Workplace, type Running } from 'lstp/testing';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { eventually } from './support/eventually.js';
import { memoryMiB, openDescriptors, whyNoProcessState } from './support/process-state.js';

const CHANNELS = Number(process.env['LSTP_TEST_CHANNELS'] ?? 20_000);
const AT_ONCE = 64;
/** Memory is compared after so many and after all: by then buffers and code have the size they need. */
const WARM_UP = Math.min(20_000, CHANNELS / 2);
/** Of the whole process, which V8 and malloc let breathe. */
const GROWTH_MIB = 32;
/** Of what is in use after a collection: some 50 bytes for each of the last 10 000 channels, less than any object that one could leave. */
const HEAP_GROWTH_KIB = 512;
/** What bin/lstp.js gives to Node. */
const AS_STARTED = ['--max-semi-space-size=4'];
const HEAP_ON_SIGNAL = new URL('./support/heap-on-signal.js', import.meta.url).href;
const NODES = ['relay', 'lab', 'desk'] as const;

type PerNode = Record<(typeof NODES)[number], number>;

interface Memory {
  /** MiB of the whole process. */
  readonly process: PerNode;
  /** KiB in use after a collection. */
  readonly heap: PerNode;
}

describe(`${CHANNELS} channels, ${AT_ONCE} at once`, function () {
  this.timeout(600_000);
  let place: Workplace;
  let server: TestServer;
  let front: number;
  let running: Map<string, Running>;

  before(async function () {
    const reason = whyNoProcessState();
    if (reason !== undefined) skipBecause(this, reason);
    place = new Workplace();
    server = await TestServer.start((socket) => socket.once('data', (byte: Buffer) => socket.end(byte)));
    front = await writeChain();
    running = new Map(NODES.map((node) => [node, place.spawn(process.execPath, ['--expose-gc', '--import', HEAP_ON_SIGNAL, ...AS_STARTED, BIN, 'up', 'chain.yaml', '--as', node, '--keys', 'keys', '--log-level', 'warn'])]));
    await Promise.all([...running].map(([node, process]) => process.says(new RegExp(`lstp: ${node} ready\\n`))));
    await eventually(async () => (await tunnelAt('desk')).state === 'established' && (await tunnelAt('lab')).state === 'established', () => 'both ends to be established');
  });
  after(async () => {
    await place?.remove();
    await server?.stop();
  });

  it('leave no channel, no descriptor and no memory behind', async () => {
    const descriptors = perNode(openDescriptors);
    const begun = performance.now();
    await openAndClose(WARM_UP);
    const warm = await memory();
    await openAndClose(CHANNELS - WARM_UP);
    const full = await memory();
    report({ begun, warm, full });
    for (const end of ['desk', 'lab'] as const) {
      await eventually(async () => (await tunnelAt(end)).channels.length === 0, () => `${end} to have no channel`);
      expect((await tunnelAt(end)).totals).to.include({ channels: CHANNELS, bytesIn: CHANNELS, bytesOut: CHANNELS });
    }
    await eventually(() => sameCounts(perNode(openDescriptors), descriptors), () => `descriptors ${JSON.stringify(perNode(openDescriptors))} to be again ${JSON.stringify(descriptors)}`);
    for (const node of NODES) {
      expect(full.process[node], `MiB of ${node}`).to.be.at.most(warm.process[node] + GROWTH_MIB);
      expect(full.heap[node], `KiB of heap of ${node}`).to.be.at.most(warm.heap[node] + HEAP_GROWTH_KIB);
    }
  });

  async function writeChain(): Promise<number> {
    const [at = 0, relay] = await freePorts(2);
    const key = (node: string): string => publicKeyOf(createKeyFile(keyFilePath(join(place.folder, 'keys'), node)));
    const nodes = `  desk: { key: "${key('desk')}" }\n  relay: { key: "${key('relay')}", listen: "127.0.0.1:${relay}" }\n  lab: { key: "${key('lab')}" }`;
    const services = `      byte: { at: desk, listen: "127.0.0.1:${at}", to: "127.0.0.1:${server.port}" }`;
    writeFileSync(join(place.folder, 'chain.yaml'), `lstp: 1\nnodes:\n${nodes}\ntunnels:\n  acme:\n    route: desk > relay < lab\n    services:\n${services}\n`);
    return at;
  }

  async function openAndClose(count: number): Promise<void> {
    let left = count;
    const worker = async (): Promise<void> => {
      while (left-- > 0) await oneByte(front);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
  }

  async function memory(): Promise<Memory> {
    const process = perNode(memoryMiB);
    const [relay = 0, lab = 0, desk = 0] = await Promise.all(NODES.map((node) => heapKiB(running.get(node) as Running)));
    return { process, heap: { relay, lab, desk } };
  }

  function perNode(measure: (pid: number) => number): PerNode {
    const of = (node: string): number => measure(running.get(node)?.child.pid as number);
    return { relay: of('relay'), lab: of('lab'), desk: of('desk') };
  }

  async function tunnelAt(end: 'desk' | 'lab'): Promise<TunnelStatus> {
    const { stdout } = await place.run(['status', 'chain.yaml', '--as', end, '--json']);
    return (JSON.parse(stdout) as NodeStatus).tunnels[0] as TunnelStatus;
  }
});

/** One byte there and back, then the end of both sides. */
function oneByte(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let received = 0;
    const socket = connect(port, '127.0.0.1');
    socket.on('data', ({ length }) => (received += length));
    socket.on('error', reject);
    socket.on('close', () => (received === 1 ? resolve() : reject(new Error(`${received} bytes came back, not 1`))));
    socket.write('x');
  });
}

function sameCounts(one: PerNode, other: PerNode): boolean {
  return NODES.every((node) => one[node] === other[node]);
}

/** What is in use after collecting: twice, as the first one's finalizers free more. */
async function heapKiB(running: Running): Promise<number> {
  for (const _ of [1, 2]) {
    running.stderr = '';
    running.child.kill('SIGUSR2');
    await running.says(/heap \d+\n/, 'stderr');
  }
  return Math.round(Number(/heap (\d+)\n/.exec(running.stderr)?.[1]) / 1024);
}

/** The figures, for whoever runs it long. */
function report({ begun, warm, full }: { begun: number; warm: Memory; full: Memory }): void {
  const perSecond = Math.round(CHANNELS / ((performance.now() - begun) / 1000));
  const growth = (of: 'process' | 'heap'): string => NODES.map((node) => `${node} ${warm[of][node]} -> ${full[of][node]}`).join(', ');
  process.stdout.write(`      ${perSecond} channels a second; after ${WARM_UP} and ${CHANNELS}: MiB ${growth('process')}; KiB of heap ${growth('heap')}\n`);
}
