/** Any mix of arrows works: every route of up to three middles, in one process, started in any order. */
import { handlesSince, openHandles, seededCrypto, type OpenHandles } from '@lstp/core/testing';
import type { TunnelStatus } from '@lstp/core';
import { expect } from 'chai';
import type { ComposedNode } from 'lstp/node';
import { freePorts } from 'lstp/testing';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EchoServers } from './support/echo-servers.js';
import { eventually } from './support/eventually.js';
import { everyRoute, type SampleRoute } from './support/every-route.js';
import { exchange } from './support/exchange.js';
import { makeNodes } from './support/in-process-chain.js';

const CARRIERS = 2;
const LENGTH = 100_000;
const KINDS = ['tcp', 'unix'] as const;

describe('every route of up to three middles', function () {
  this.timeout(30_000);
  let folder: string;
  let servers: EchoServers;
  let nodes: Map<string, ComposedNode>;
  let before: OpenHandles;
  beforeEach(async () => {
    before = openHandles();
    folder = mkdtempSync(join(tmpdir(), 'lstp-routes-'));
    servers = await EchoServers.start(folder);
    nodes = new Map();
  });
  afterEach(async () => {
    await Promise.all([...nodes.values()].map((node) => node.stop()));
    await servers.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  for (const route of [0, 1, 2, 3].flatMap(everyRoute)) {
    const order = shuffle(route.nodes, route.text);
    it(`${route.text}: carries every service both ways, started in the order ${order.join(', ')}`, async () => {
      nodes = await makeNodes(folder, await chainText(route, { folder, servers }));
      for (const name of order) await nodes.get(name)?.start();
      for (const end of ['left', 'right']) await standsAt(nodes.get(end) as ComposedNode, route);
      await carriesAll(nodes, servers);
      await Promise.all([...nodes.values()].map((node) => node.stop()));
      await servers.stop();
      await eventually(() => handlesSince(before).length === 0, () => `nothing is left, but there is: ${handlesSince(before).join(', ')}`);
    });
  }
});

/** Services at both ends, from TCP and Unix sockets to TCP and Unix sockets. */
async function chainText({ text, nodes, dialed }: SampleRoute, { folder, servers }: { folder: string; servers: EchoServers }): Promise<string> {
  const ports = await freePorts(nodes.length);
  const nodeLines = nodes.map((node, index) => `  ${node}: ${dialed.has(node) ? `{ listen: "127.0.0.1:${ports[index]}" }` : '{}'}`);
  const serviceLines = everyService().map(({ name, at, from, to }) => {
    const listen = from === 'tcp' ? '127.0.0.1:0' : `unix:${join(folder, `${name}.sock`)}`;
    return `      ${name}: { at: ${at}, listen: "${listen}", to: "${servers[to]}" }`;
  });
  return ['lstp: 1', 'nodes:', ...nodeLines, 'tunnels:', '  sample:', `    route: ${text}`, `    carriers: ${CARRIERS}`, '    services:', ...serviceLines, ''].join('\n');
}

function everyService(): { name: string; at: string; from: 'tcp' | 'unix'; to: 'tcp' | 'unix' }[] {
  return ['left', 'right'].flatMap((at) => KINDS.flatMap((from) => KINDS.map((to) => ({ name: `${at}-${from}-${to}`, at, from, to }))));
}

/** Both carriers are up, and each proved every node of the route. */
async function standsAt(end: ComposedNode, { text, nodes }: SampleRoute): Promise<void> {
  await end.established();
  await eventually(() => tunnelOf(end).carriers.length === CARRIERS, () => JSON.stringify(end.status()));
  const { carriers } = tunnelOf(end);
  expect(carriers.map(({ slot }) => slot).sort()).to.deep.equal([0, 1]);
  for (const carrier of carriers) {
    expect(carrier.route).to.equal(text);
    expect(carrier.map.map(({ node, kind, verified }) => ({ node, kind, verified }))).to.deep.equal(
      nodes.map((node, index) => ({ node, kind: index === 0 || index === nodes.length - 1 ? 'end' : 'middle', verified: true })),
    );
  }
}

async function carriesAll(nodes: ReadonlyMap<string, ComposedNode>, servers: EchoServers): Promise<void> {
  const services = everyService().map(({ name, at }) => ({ name, address: frontOf(nodes.get(at) as ComposedNode, name) }));
  const results = await Promise.all(services.map(async ({ name, address }) => ({ name, ...(await exchange(address, LENGTH)) })));
  for (const { name, sent, received } of results) expect(received, name).to.equal(sent);
  const perKind = (services.length / KINDS.length) * LENGTH;
  expect(servers.received).to.deep.equal({ tcp: perKind, unix: perKind });
}

function frontOf(end: ComposedNode, service: string): string {
  const found = tunnelOf(end).services.find(({ name }) => name === service);
  expect(found).to.include({ role: 'front' });
  return found?.addresses[0] as string;
}

function tunnelOf(end: ComposedNode): TunnelStatus {
  return end.status().tunnels[0] as TunnelStatus;
}

/** The same order for the same seed. */
function shuffle(items: readonly string[], seed: string): string[] {
  const { random } = seededCrypto(seed);
  return items
    .map((item) => ({ item, key: random(4).readUInt32BE() }))
    .sort((one, other) => one.key - other.key)
    .map(({ item }) => item);
}
