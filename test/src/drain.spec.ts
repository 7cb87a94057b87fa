/** What goes in order: a relay, while there is another way; an end, which loses its relay before its channels are through. */
import { expect } from 'chai';
import type { CarrierStatus } from '@lstp/core';
import type { ComposedNode } from 'lstp/node';
import { freePorts, type TestServer } from 'lstp/testing';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Download, startFileServer } from './support/download.js';
import { eventually } from './support/eventually.js';
import { makeNodes } from './support/in-process-chain.js';

/** Much longer than the test may take: whoever waits for it has not moved. */
const DEADLINE_MS = 600_000;

describe('an orderly end', function () {
  this.timeout(60_000);
  let folder: string;
  let files: TestServer;
  let nodes: Map<string, ComposedNode>;
  let front: number;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'lstp-drain-'));
    files = await startFileServer();
  });
  afterEach(async () => {
    await Promise.all([...nodes.values()].map((node) => node.stop()));
    await files.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Every node of `desk, west | south, lab` listens, so that any mix of arrows can be tried. */
  async function start(routes: readonly [string, string], options: readonly string[] = []): Promise<void> {
    const ports = await freePorts(5);
    front = ports[4] as number;
    const nodeLines = ['desk', 'west', 'south', 'lab'].map((node, index) => `  ${node}: { listen: "127.0.0.1:${ports[index]}" }`);
    const service = `      file: { at: desk, listen: "127.0.0.1:${front}", to: "127.0.0.1:${files.port}" }`;
    nodes = await makeNodes(folder, ['lstp: 1', 'nodes:', ...nodeLines, 'tunnels:', '  acme:', `    route: [${routes.join(', ')}]`, ...options.map((line) => `    ${line}`), '    services:', service, ''].join('\n'));
    await Promise.all([...nodes.values()].map((node) => node.start()));
    await Promise.all(['desk', 'lab'].map((end) => nodes.get(end)?.established()));
  }

  function carriers(end: string): readonly CarrierStatus[] {
    return nodes.get(end)?.status().tunnels[0]?.carriers ?? [];
  }

  for (const [a, b] of [['>', '<'], ['<', '<'], ['>', '>'], ['<', '>']] as const) {
    it(`of a relay: (desk ${a} west ${b} lab, desk ${a} south ${b} lab) moves to the other way before it is cut, and a download goes on`, async () => {
      const routes = ['west', 'south'].map((relay) => `desk ${a} ${relay} ${b} lab`) as [string, string];
      await start(routes);
      // Where desk dials, it is the first; else the one that dialed first.
      const going = carriers('desk')[0]?.route === routes[0] ? 'west' : 'south';
      const around = going === 'west' ? routes[1] : routes[0];
      const download = await Download.begin(front);
      const interrupted: string[] = [];
      const drained = nodes.get(going)?.drain(DEADLINE_MS);
      await eventually(() => {
        interrupted.push(...[nodes.get('desk')?.status().tunnels[0]?.state ?? ''].filter((state) => state !== 'established'));
        return carriers('desk').length === 1 && carriers('desk')[0]?.route === around;
      }, () => JSON.stringify(carriers('desk')));
      await drained;
      expect(interrupted).to.deep.equal([]);
      expect(await download.isWhole()).to.equal(true);
      expect(carriers('lab').map(({ route }) => route)).to.deep.equal([around]);
    });

    it(`two carriers: (desk ${a} west ${b} lab, desk ${a} south ${b} lab), one over each`, async () => {
      const routes = ['west', 'south'].map((relay) => `desk ${a} ${relay} ${b} lab`) as [string, string];
      await start(routes, ['carriers: 2']);
      await eventually(() => JSON.stringify(carriers('desk').map(({ route }) => route).toSorted()) === JSON.stringify(routes.toSorted()), () => JSON.stringify(carriers('desk')));
    });
  }

  for (const [who, a, b] of [['desk', '>', '<'], ['lab', '>', '<'], ['desk', '<', '>'], ['lab', '<', '>']] as const) {
    it(`of ${who} (desk ${a} west ${b} lab, desk ${a} south ${b} lab): what is open finishes over the other relay when one is lost meanwhile`, async () => {
      await start(['west', 'south'].map((relay) => `desk ${a} ${relay} ${b} lab`) as [string, string]);
      const going = carriers('desk')[0]?.route.includes('west') === true ? 'west' : 'south';
      const download = await Download.begin(front);
      const drained = nodes.get(who)?.drain(DEADLINE_MS);
      await nodes.get(going)?.stop();
      expect(await download.isWhole()).to.equal(true);
      await drained;
      expect(carriers(who)).to.deep.equal([]);
    });
  }
});
