import 'reflect-metadata';
import { expect } from 'chai';
import { freezeSetup, generateIdentity, IDENTITY, LegHub, nodeCrypto, rendezvousDigest, signerOf, VERSIONS, type LegConnection, type NodeIdentity, type OwnSetup, type Security } from '@lstp/core';
import { createLogger } from '@lstp/core/observe';
import { until } from '@lstp/core/testing';
import { bundledPlugins } from '@lstp/plugins';
import { container } from 'tsyringe';
import { CarrierKeeper } from '../src/carrier-keeper.js';
import type { LaneFacts } from '../src/lane.js';

const HOUR_MS = 3_600_000;
/** After as many losses the longest wait between attempts would be reached, were they counted as one failure after the other. */
const LOSSES = 12;
/** More than a loop of a machine with much to do, less than the waits of an attempt that goes on failing. */
const SOON_MS = 5000;

describe('the keeper of a right end that offers itself at a relay', () => {
  const [lab, west, desk] = [generateIdentity(), generateIdentity(), generateIdentity()];
  const parked: LegConnection[] = [];
  const hubs: LegHub[] = [];
  let keeper: CarrierKeeper | undefined;
  /** The keeper's clock. */
  let now = 0;

  afterEach(() => {
    keeper?.stop();
    for (const hub of hubs.splice(0)) hub.stop();
    parked.length = 0;
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

  function freeze({ slot, alt, peerKeys }: LaneFacts): OwnSetup {
    const common = rendezvousDigest(nodeCrypto, 'acme');
    const info = { versions: [...VERSIONS], common, side: 'right' as const, peers: [...peerKeys], epoch: 1, instance: Buffer.alloc(16, 1).toString('base64url'), slot, alt, attempt: parked.length + 1, pingMs: 1000 };
    return freezeSetup(info, 'lab', { crypto: nodeCrypto, signer: signerOf(lab.privateKey) });
  }

  async function startKeeper(port: number): Promise<void> {
    const security = bundledPlugins.find((plugin) => plugin.security !== undefined)?.security;
    if (security === undefined) throw new Error('no bundled plugin secures carriers');
    const secured: Security = container.createChildContainer().registerInstance(IDENTITY, lab).resolve(security);
    const hub = await hubOf('lab', lab, false);
    const neighbour = { node: 'west', keys: [west.publicKey], addresses: [{ scheme: 'tcp' as const, host: '127.0.0.1', port }], paths: [{ through: [] }] };
    const route = [{ node: 'desk', keys: [desk.publicKey] }, { node: 'west', keys: [west.publicKey] }, { node: 'lab', keys: [lab.publicKey] }];
    keeper = new CarrierKeeper({
      side: 'right',
      carriers: 1,
      alternatives: [{ alt: 0, neighbour, dials: true, route, peerKeys: [desk.publicKey] }],
      lane: { crypto: nodeCrypto, security: secured, hub, freeze },
      now: () => now,
      replace: () => {},
      handleBuilt: () => {
        throw new Error('nobody is there to build a carrier with');
      },
      report: () => {},
      alarm: () => {},
    });
    keeper.start();
  }

  it('is back soon after each loss of a leg that had waited there for long, however many there were before', async function () {
    this.timeout(60_000);
    await startKeeper(await startRelay());
    for (let count = 1; count <= LOSSES; count += 1) {
      await until(`leg ${count} waits`, () => parked.length === count, SOON_MS);
      now += HOUR_MS;
      parked[count - 1]?.close({ code: 'SHUTTING_DOWN', message: 'this relay is restarted' });
    }
    expect(parked).to.have.length(LOSSES);
  });
});
