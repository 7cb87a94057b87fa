import 'reflect-metadata';
import { expect } from 'chai';
import type { Duplex } from 'node:stream';
import { CONFIGURED_SLOTS, freePort, freezeSetup, generateIdentity, IDENTITY, LegHub, MAX_EPOCH, nodeCrypto, OWN_CARRIERS, Pool, rendezvousDigest, signerOf, Tunnel, VERSIONS, type Carrier, type LegConnection, type NodeIdentity, type OwnSetup, type Security, type Side } from '@lstp/core';
import { createLogger } from '@lstp/core/observe';
import { LyingMiddle, until } from '@lstp/core/testing';
import { bundledPlugins } from '@lstp/plugins';
import { container } from 'tsyringe';
import { CarrierKeeper } from '../src/carrier/carrier-keeper.js';
import type { LaneFacts } from '../src/carrier/lane.js';
import type { Alternative } from '../src/carrier/route-pins.js';

const HOUR_MS = 3_600_000;
/** After as many losses the longest wait between attempts would be reached, were they counted as one failure after the other. */
const LOSSES = 12;
/** More than a loop of a machine with much to do, less than the waits of an attempt that goes on failing. */
const SOON_MS = 5000;

const COMMON = rendezvousDigest(nodeCrypto, 'acme');

describe('the keeper of an end of desk > west < lab', () => {
  const [lab, west, desk, south, east] = [generateIdentity(), generateIdentity(), generateIdentity(), generateIdentity(), generateIdentity()];
  const ends = { left: { node: 'desk', identity: desk, peer: lab }, right: { node: 'lab', identity: lab, peer: desk } } as const;
  const parked: LegConnection[] = [];
  const hubs: LegHub[] = [];
  const keepers: CarrierKeeper[] = [];
  const streams: Duplex[] = [];
  /** Where nodes listen, by name. */
  const ports = new Map<string, number>();
  /** Set-ups that came to keepers. */
  let arrived = 0;
  /** Codes with which legs of other relays to desk and lab ended. */
  const endings: string[] = [];
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
    for (const list of [parked, carriers, replaced, reports, endings]) list.length = 0;
    arrived = 0;
  });

  async function hubOf(node: string, identity: NodeIdentity, listen: boolean): Promise<LegHub> {
    const hub = new LegHub({ node, signer: signerOf(identity.privateKey), log: await createLogger({ level: 'silent' }), listen: listen ? [{ scheme: 'tcp', host: '127.0.0.1', port: 0 }] : [] });
    hubs.push(hub);
    await hub.start();
    ports.set(node, Number(/\d+$/.exec(hub.addresses[0] ?? '')?.[0]));
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
    return ports.get('west') ?? 0;
  }

  function freeze(side: Side, { slot, alt, peerKeys }: LaneFacts): OwnSetup {
    attempts += 1;
    const info = { versions: [...VERSIONS], common: COMMON, side, peers: [...peerKeys], epoch: 1, instance: Buffer.alloc(16, side).toString('base64url'), slot, alt, attempt: attempts, pingMs: 1000 };
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

  /** A relay beside an end, which is dialed, or dials. */
  function wayOver(side: Side, alt: number, { node, identity, port }: { node: string; identity: NodeIdentity; port?: number }): Alternative {
    const addresses = port === undefined ? [] : [{ scheme: 'tcp' as const, host: '127.0.0.1', port }];
    const route = [{ node: 'desk', keys: [desk.publicKey] }, { node, keys: [identity.publicKey] }, { node: 'lab', keys: [lab.publicKey] }];
    return { alt, neighbour: { node, keys: [identity.publicKey], addresses, paths: [{ through: [] }] }, dials: port !== undefined, route, peerKeys: [ends[side].peer.publicKey] };
  }

  async function startKeeper(side: Side, port: number, others: readonly Alternative[] = []): Promise<CarrierKeeper> {
    const { node, identity } = ends[side];
    const hub = await hubOf(node, identity, others.length > 0);
    hub.know(hub, { neighbours: [south, east].map((one) => ({ node: one === south ? 'south' : 'east', keys: [one.publicKey] })) });
    hub.register(COMMON, {
      handleSetup: (setup, leg) => {
        keeper.handleInbound(leg, setup);
        arrived += 1;
      },
    });
    const keeper: CarrierKeeper = new CarrierKeeper({
      side,
      carriers: 1,
      alternatives: [wayOver(side, 0, { node: 'west', identity: west, port }), ...others],
      lane: { crypto: nodeCrypto, security: securityOf(identity), hub, freeze: (facts) => freeze(side, facts) },
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
      keeper.handleDraining({ node: 'west', from: south.publicKey });
      expect(replaced).to.deep.equal([]);
      keeper.handleDraining({ node: 'west', from: west.publicKey });
      expect(replaced).to.deep.equal(carriers);
    } finally {
      await relay.stop();
    }
  });

  /** A relay that dials an end of this test and brings a set-up of the other end, as it once came. */
  async function bring(to: Side, { node, identity, alt, slot = 0 }: { node: string; identity: NodeIdentity; alt: number; slot?: number }): Promise<LegConnection> {
    const hub = await hubOf(node, identity, false);
    const neighbour = { node: ends[to].node, keys: [ends[to].identity.publicKey], addresses: [{ scheme: 'tcp' as const, host: '127.0.0.1', port: ports.get(ends[to].node) ?? 0 }], paths: [{ through: [] }] };
    const leg = await hub.dial({ neighbour, use: 'set-up', handler: { handleNews: () => {}, handleEnd: ({ code }) => endings.push(code) } });
    const own = freeze(to === 'left' ? 'right' : 'left', { slot, alt, peerKeys: [ends[to].identity.publicKey], neighbour, route: [] });
    leg.sendSetup(own.cu, own.entry);
    return leg;
  }

  it('has a carrier replaced that was on its way over the relay when that was said to go', async () => {
    const port = await freePort();
    const relay = await LyingMiddle.start(west, port);
    try {
      const keeper = await startKeeper('left', port);
      keeper.handleDraining({ node: 'west', from: west.publicKey });
      await startKeeper('right', port);
      await until('a carrier is built', () => carriers.length === 1);
      expect(replaced).to.deep.equal([]);
      keeper.handleAlive(carriers[0] as Carrier);
      expect(replaced).to.deep.equal(carriers);
    } finally {
      await relay.stop();
    }
  });

  it('keeps what waits on each of its other ways, not the newest alone', async () => {
    const port = await freePort();
    const relay = await LyingMiddle.start(west, port);
    try {
      const spare = [wayOver('left', 1, { node: 'south', identity: south }), wayOver('left', 2, { node: 'east', identity: east })];
      const keeper = await startKeeper('left', port, spare);
      await startKeeper('right', port);
      await until('a carrier is built', () => carriers.length === 1);
      await bring('left', { node: 'south', identity: south, alt: 1 });
      await until('it waits', () => arrived === 1);
      await bring('left', { node: 'east', identity: east, alt: 2 });
      await until('it waits, too', () => arrived === 2);
      keeper.stop();
      await until('both are told', () => endings.length === 2);
      expect(endings).to.deep.equal(['SHUTTING_DOWN', 'SHUTTING_DOWN']);
    } finally {
      await relay.stop();
    }
  });

  it('is not disturbed on one way by the relay of another', async () => {
    await startKeeper('right', await startRelay(), [wayOver('right', 1, { node: 'south', identity: south })]);
    await until('a leg waits at west', () => parked.length === 1);
    const lost: string[] = [];
    (parked[0] as LegConnection).handler = { handleNews: () => {}, handleEnd: ({ code }) => lost.push(code) };
    await bring('right', { node: 'south', identity: south, alt: 0 });
    await until('it is refused', () => endings.length === 1);
    expect([endings, lost, parked.length]).to.deep.equal([['ROUTE'], [], 1]);
  });

  it('keeps one leg a way for a slot of which it may hear yet, and none for others', async () => {
    await startKeeper('right', await startRelay(), [wayOver('right', 1, { node: 'south', identity: south })]);
    const over = { node: 'south', identity: south, alt: 1 };
    await bring('right', { ...over, slot: CONFIGURED_SLOTS });
    await until('it waits', () => arrived === 1);
    await bring('right', { ...over, slot: CONFIGURED_SLOTS });
    await until('the older one is told', () => endings.join() === 'SUPERSEDED', SOON_MS);
    await bring('right', { ...over, slot: CONFIGURED_SLOTS + 2 * OWN_CARRIERS });
    await until('it is refused', () => endings.join() === 'SUPERSEDED,ROUTE', SOON_MS);
  });
});
