import 'reflect-metadata';
import { expect } from 'chai';
import type { Duplex } from 'node:stream';
import { freezeSetup, generateIdentity, IDENTITY, LegHub, MAX_EPOCH, nodeCrypto, Pool, rendezvousDigest, signerOf, Tunnel, VERSIONS, type Carrier, type LegConnection, type NodeIdentity, type OwnSetup, type Security, type Side } from '@lstp/core';
import { createLogger } from '@lstp/core/observe';
import { LyingMiddle, until } from '@lstp/core/testing';
import { bundledPlugins } from '@lstp/plugins';
import { container } from 'tsyringe';
import { CarrierKeeper } from '../src/carrier-keeper.js';
import type { LaneFacts } from '../src/lane.js';
import { freePort } from './support/test-end.js';

const HOUR_MS = 3_600_000;
/** After as many losses the longest wait between attempts would be reached, were they counted as one failure after the other. */
const LOSSES = 12;
/** More than a loop of a machine with much to do, less than the waits of an attempt that goes on failing. */
const SOON_MS = 5000;

describe('the keeper of an end of desk > west < lab', () => {
  const [lab, west, desk, south] = [generateIdentity(), generateIdentity(), generateIdentity(), generateIdentity()];
  const ends = { left: { node: 'desk', identity: desk, peer: lab }, right: { node: 'lab', identity: lab, peer: desk } } as const;
  const parked: LegConnection[] = [];
  const hubs: LegHub[] = [];
  const keepers: CarrierKeeper[] = [];
  const streams: Duplex[] = [];
  /** What keepers made of it. */
  const carriers: Carrier[] = [];
  const replaced: Carrier[] = [];
  /** What they told people. */
  const reports: string[] = [];
  let attempts = 0;
  /** The keepers' clock. */
  let now = 0;

  afterEach(() => {
    for (const keeper of keepers.splice(0)) keeper.stop();
    for (const stream of streams.splice(0)) stream.destroy();
    for (const hub of hubs.splice(0)) hub.stop();
    for (const list of [parked, carriers, replaced, reports]) list.length = 0;
  });

  async function hubOf(node: string, identity: NodeIdentity, listen: boolean): Promise<LegHub> {
    const hub = new LegHub({ node, signer: signerOf(identity.privateKey), log: await createLogger({ level: 'silent' }), listen: listen ? [{ scheme: 'tcp', host: '127.0.0.1', port: 0 }] : [] });
    hubs.push(hub);
    await hub.start();
    return hub;
  }

  /** A relay where nobody is paired: legs stay until the test ends them. */
  async function startRelay(): Promise<number> {
    const hub = await hubOf('west', west, true);
    hub.know(hub, { neighbours: [{ node: 'lab', keys: [lab.publicKey] }] });
    hub.relayTo({
      handleSetup: (_setup, leg) => {
        leg.handler = { handleNews: () => {}, handleEnd: () => {} };
        parked.push(leg);
      },
    });
    return Number(/\d+$/.exec(hub.addresses[0] ?? '')?.[0]);
  }

  function freeze(side: Side, { slot, alt, peerKeys }: LaneFacts): OwnSetup {
    attempts += 1;
    const common = rendezvousDigest(nodeCrypto, 'acme');
    const info = { versions: [...VERSIONS], common, side, peers: [...peerKeys], epoch: 1, instance: Buffer.alloc(16, side).toString('base64url'), slot, alt, attempt: attempts, pingMs: 1000 };
    return freezeSetup(info, ends[side].node, { crypto: nodeCrypto, signer: signerOf(ends[side].identity.privateKey) });
  }

  function securityOf(identity: NodeIdentity): Security {
    const security = bundledPlugins.find((plugin) => plugin.security !== undefined)?.security;
    if (security === undefined) throw new Error('no bundled plugin secures carriers');
    return container.createChildContainer().registerInstance(IDENTITY, identity).resolve(security);
  }

  function tunnelOf(side: Side, instance: string): Tunnel {
    return new Tunnel({ side, instance, newInstance: () => instance, node: side, software: 'lstp/test', codecs: [], plugins: [], maxChannels: 1, pool: new Pool(0), poolShare: 0, unsentBytes: 1, retainBytes: 1, graceMs: HOUR_MS, spread: false });
  }

  async function startKeeper(side: Side, port: number): Promise<CarrierKeeper> {
    const { node, identity, peer } = ends[side];
    const neighbour = { node: 'west', keys: [west.publicKey], addresses: [{ scheme: 'tcp' as const, host: '127.0.0.1', port }], paths: [{ through: [] }] };
    const route = [{ node: 'desk', keys: [desk.publicKey] }, { node: 'west', keys: [west.publicKey] }, { node: 'lab', keys: [lab.publicKey] }];
    const keeper = new CarrierKeeper({
      side,
      carriers: 1,
      alternatives: [{ alt: 0, neighbour, dials: true, route, peerKeys: [peer.publicKey] }],
      lane: { crypto: nodeCrypto, security: securityOf(identity), hub: await hubOf(node, identity, false), freeze: (facts) => freeze(side, facts) },
      now: () => now,
      replace: (carrier) => replaced.push(carrier),
      handleBuilt: ({ facts, stream }) => {
        streams.push(stream.on('error', () => {}));
        const carrier = tunnelOf(side, facts.instance).addCarrier(facts, now);
        if (side === 'left') carriers.push(carrier);
        return carrier;
      },
      report: (text) => reports.push(text),
      alarm: () => {},
    });
    keepers.push(keeper);
    keeper.start();
    return keeper;
  }

  it('is back soon after each loss of a leg that had waited at the relay for long, however many there were before', async function () {
    this.timeout(60_000);
    await startKeeper('right', await startRelay());
    for (let count = 1; count <= LOSSES; count += 1) {
      await until(`leg ${count} waits`, () => parked.length === count, SOON_MS);
      now += HOUR_MS;
      parked[count - 1]?.close({ code: 'SHUTTING_DOWN', message: 'this relay is restarted' });
    }
    expect(parked).to.have.length(LOSSES);
  });

  it('says since when a newer process runs, and outlives a relay that says what is no time', async () => {
    await startKeeper('right', await startRelay());
    await until('a leg waits', () => parked.length === 1);
    parked[0]?.close({ code: 'SUPERSEDED', message: 'a newer process is here', since: 1_700_000_000_000 });
    await until('it is told', () => reports.some((text) => text.startsWith('another process runs as this end since 2023-11-14T22:13:20.000Z')));
    await startKeeper('right', await startRelay());
    await until('a leg waits', () => parked.length === 2);
    parked[1]?.close({ code: 'SUPERSEDED', message: 'a newer process is here', since: MAX_EPOCH });
    await until('it is told', () => reports.some((text) => text.includes('+275760-09-13')));
    await startKeeper('right', await startRelay());
    await until('a leg waits', () => parked.length === 3);
    parked[2]?.close({ code: 'SUPERSEDED', message: 'a newer process is here', since: Number.MAX_SAFE_INTEGER });
    await until('it asks again', () => parked.length === 4);
  });

  it('believes of the relay that it goes, and not of another neighbour that it does', async () => {
    const port = await freePort();
    const relay = await LyingMiddle.start(west, port);
    try {
      const [keeper] = [await startKeeper('left', port), await startKeeper('right', port)];
      await until('a carrier is built', () => carriers.length === 1);
      keeper.handleDraining('west', south.publicKey);
      expect(replaced).to.deep.equal([]);
      keeper.handleDraining('west', west.publicKey);
      expect(replaced).to.deep.equal(carriers);
    } finally {
      await relay.stop();
    }
  });
});
