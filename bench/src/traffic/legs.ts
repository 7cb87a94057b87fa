/**
 * Program: the ends of thousands of tunnels as a relay sees them, up to the raw pipe. Real legs and set-ups, one tunnel
 * a leg or pair of legs; what would come next, TLS, is not the relay's business.
 */
import type { Duplex } from 'node:stream';
import {
  freezeSetup, generateIdentity, LegHub, nodeCrypto, rendezvousDigest, signerOf, VERSIONS,
  type Neighbour, type OwnSetup, type PublicKey, type Side, type Signer,
} from '@lstp/core';
import { createLogger } from '@lstp/core/observe';
import { serveCalls } from './serve-calls.js';
import type { Calls } from './wire.js';

/** A relay parks at most 1024 legs of one key. */
const KEYS_A_SIDE = 16;
const DIALS_AT_ONCE = 32;
/** Pipes are silent here, and must not be closed for that. */
const PING_MS = 600_000;

interface End {
  readonly signer: Signer;
  readonly hub: LegHub;
}

const log = await createLogger({ level: 'silent' });
const ends = { left: makeEnds('left'), right: makeEnds('right') };
/** The raw pipes, paused. */
const pipes: Duplex[] = [];

serveCalls({
  legKeys: () => [...ends.left, ...ends.right].map(({ signer }) => signer.publicKey),
  park: async ({ count, ...relay }) => {
    await manyTimes(count, (index) => until('parked', { relay, side: 'left', index }));
    return null;
  },
  pair: async ({ count, ...relay }) => {
    await manyTimes(count, async (index) => {
      const left = until('paired', { relay, side: 'left', index });
      await Promise.all([left, until('paired', { relay, side: 'right', index })]);
    });
    return null;
  },
});

/** Dials the relay with the set-up of one end; resolves when the relay says that it waits, or when the pipe is raw. */
function until(wanted: 'parked' | 'paired', { relay, side, index }: { relay: Omit<Calls['park']['parameters'], 'count'>; side: Side; index: number }): Promise<void> {
  const { hub, signer } = endOf(side, index);
  return new Promise((resolve, reject) => {
    const handler: Parameters<LegHub['dial']>[0]['handler'] = {
      handleNews: (news, leg) => {
        if (news.type === 'greeted') leg.sendSetup(own.cu, own.entry);
        if (news.type === 'setup') leg.sendPassThrough();
        if (news.type === 'progress' && wanted === 'parked') resolve();
        if (!leg.transparent) return;
        pipes.push(leg.release());
        resolve();
      },
      handleEnd: ({ code, message }) => reject(new Error(`${side} end ${index}: ${code}: ${message}`)),
    };
    const own = setupOf(side, index, signer);
    hub.dial({ neighbour: neighbourOf(relay), use: 'set-up', handler }).catch(reject);
  });
}

function setupOf(side: Side, index: number, signer: Signer): OwnSetup {
  const peers = [endOf(side === 'left' ? 'right' : 'left', index).signer.publicKey];
  const members = { versions: [...VERSIONS], common: rendezvousDigest(nodeCrypto, `bench-${index}`), side, peers };
  const instance = nodeCrypto.random(16).toString('base64url');
  return freezeSetup({ ...members, instance, epoch: 1, slot: 0, alt: 0, attempt: 1, pingMs: PING_MS }, `${side}-${index}`, { crypto: nodeCrypto, signer });
}

function neighbourOf({ port, key }: { port: number; key: PublicKey }): Neighbour {
  return { node: 'relay', keys: [key], addresses: [{ scheme: 'tcp', host: '127.0.0.1', port }], paths: [{ through: [] }] };
}

function endOf(side: Side, index: number): End {
  return ends[side][index % KEYS_A_SIDE] as End;
}

function makeEnds(side: Side): readonly End[] {
  return Array.from({ length: KEYS_A_SIDE }, () => {
    const signer = signerOf(generateIdentity().privateKey);
    return { signer, hub: new LegHub({ node: side, signer, log, pingMs: PING_MS }) };
  });
}

async function manyTimes(count: number, work: (index: number) => Promise<void>): Promise<void> {
  let begun = 0;
  const worker = async (): Promise<void> => {
    while (begun < count) await work(begun++);
  };
  await Promise.all(Array.from({ length: DIALS_AT_ONCE }, worker));
}
