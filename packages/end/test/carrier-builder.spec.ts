import 'reflect-metadata';
import { expect } from 'chai';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { connect, TLSSocket } from 'node:tls';
import { CarrierSetup, checkPeerSetup, encodeFrame, encodeJson, FrameReader, freezeSetup, generateIdentity, IDENTITY, nodeCrypto, parseSetup, ProtocolError, rendezvousDigest, signerOf, VERSIONS, type CheckedPeer, type NodeIdentity, type OwnSetup, type Security, type Side } from '@lstp/core';
import { socketPair } from '@lstp/core/testing';
import { bundledPlugins } from '@lstp/plugins';
import { container } from 'tsyringe';
import { buildCarrier, type BuiltCarrier } from '../src/carrier/carrier-builder.js';

const desk = generateIdentity();
const lab = generateIdentity();
const TIMEOUT_MS = 10_000;

function securityOf(identity: NodeIdentity): Security {
  const security = bundledPlugins.find((plugin) => plugin.security !== undefined)?.security;
  if (security === undefined) throw new Error('no bundled plugin secures carriers');
  return container.createChildContainer().registerInstance(IDENTITY, identity).resolve(security);
}

function ownSetup(side: Side, attempt = 1): OwnSetup {
  const [identity, peer] = side === 'left' ? [desk, lab] : [lab, desk];
  const common = rendezvousDigest(nodeCrypto, 'acme');
  const info = { versions: [...VERSIONS], common, side, peers: [peer.publicKey], epoch: 1, instance: Buffer.alloc(16, side).toString('base64url'), slot: 0, alt: 0, attempt, pingMs: 1000 };
  return freezeSetup(info, side === 'left' ? 'desk' : 'lab', { crypto: nodeCrypto, signer: signerOf(identity.privateKey) });
}

/** What `own` has checked of `peer`'s set-up, which came straight. */
function checked(own: OwnSetup, peer: OwnSetup): CheckedPeer {
  const route = [{ node: 'desk', keys: [desk.publicKey] }, { node: 'lab', keys: [lab.publicKey] }];
  return checkPeerSetup(own, parseSetup(peer.cu, peer.entry), { keys: peer.info.side === 'left' ? [desk.publicKey] : [lab.publicKey], route, neighbour: peer.info.key, crypto: nodeCrypto });
}

/** Builds at one side of a pipe; what the other side does is the test's. */
interface Half {
  readonly own: OwnSetup;
  readonly peerSetup: OwnSetup;
  readonly other: Socket;
  readonly outcome: Promise<BuiltCarrier | Error>;
}

async function buildAt(side: Side, timeoutMs = TIMEOUT_MS): Promise<Half> {
  const [own, peerSetup] = side === 'left' ? [ownSetup('left'), ownSetup('right')] : [ownSetup('right'), ownSetup('left')];
  const [socket, other] = await socketPair();
  const settings = { security: securityOf(side === 'left' ? desk : lab), crypto: nodeCrypto, timeoutMs };
  const outcome = buildCarrier({ socket, own, peer: checked(own, peerSetup) }, settings).catch((error: Error) => error);
  return { own, peerSetup, other, outcome };
}

/** The other side of `half`, with the right key and TLS, as a program that is no lstp. */
async function securedPeer({ other, own }: Half): Promise<{ tls: TLSSocket; received: () => Buffer }> {
  const identity = own.info.side === 'left' ? lab : desk;
  const options = { ...identity.certificate, requestCert: true, rejectUnauthorized: false, minVersion: 'TLSv1.3', ALPNProtocols: ['lstp-carrier/1'] } as const;
  const isServer = own.info.side === 'left';
  const tls = isServer ? new TLSSocket(other, { ...options, isServer }) : connect({ ...options, socket: other });
  const chunks: Buffer[] = [];
  tls.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', () => {}).on('end', () => tls.destroy());
  await once(tls, isServer ? 'secure' : 'secureConnect');
  return { tls, received: () => Buffer.concat(chunks) };
}

async function errorOf({ outcome }: Half): Promise<Error & { readonly code?: string; readonly wireCode?: string }> {
  const error = await outcome;
  expect(error).to.be.instanceOf(Error);
  return error as Error;
}

/** The ERROR that the refused peer is told last. */
function toldError(received: Buffer): string {
  const reader = new FrameReader('carrier');
  reader.push(received);
  let told = '';
  for (let frame = reader.next(); frame !== undefined; frame = reader.next()) if (frame.name === 'ERROR') told = frame.payload.toString();
  return told;
}

describe('from a raw pipe to a carrier', () => {
  it('two ends make the same carrier of one pipe, and each can prove it to the other', async () => {
    const [left, right] = [ownSetup('left'), ownSetup('right')];
    const [a, b] = await socketPair();
    const [atLeft, atRight] = await Promise.all([
      buildCarrier({ socket: a, own: left, peer: checked(left, right) }, { security: securityOf(desk), crypto: nodeCrypto, timeoutMs: TIMEOUT_MS }),
      buildCarrier({ socket: b, own: right, peer: checked(right, left) }, { security: securityOf(lab), crypto: nodeCrypto, timeoutMs: TIMEOUT_MS }),
    ]);
    expect(atLeft.facts.id).to.equal(atRight.facts.id);
    expect(atLeft.facts.checkProof(atRight.facts.proof)).to.equal(true);
    expect(atRight.facts.checkProof(atLeft.facts.proof)).to.equal(true);
    expect(atLeft.facts.checkProof(atLeft.facts.proof)).to.equal(false);
    expect(atLeft.identity.nodes.map(({ node, verified }) => `${node} ${verified}`)).to.deep.equal(['desk true', 'lab true']);
    atLeft.stream.destroy();
    atRight.stream.destroy();
  });

  it('keeps what the peer wrote behind its set-up', async () => {
    const half = await buildAt('left');
    const { tls } = await securedPeer(half);
    const setup = new CarrierSetup(half.peerSetup, checked(half.peerSetup, half.own), nodeCrypto);
    tls.write(Buffer.concat([setup.frames(), Buffer.from('and more')]));
    const built = (await half.outcome) as BuiltCarrier;
    expect(built.head.toString()).to.equal('and more');
    built.stream.destroy();
  });

  for (const side of ['left', 'right'] as const) {
    describe(`at the ${side} end a peer with the right key is not a carrier yet:`, () => {
      it('it stops after the handshake', async () => {
        const half = await buildAt(side, 100);
        const { tls } = await securedPeer(half);
        expect(await errorOf(half)).to.include({ code: 'ERR_LSTP_CARRIER_TIMEOUT', message: 'the peer did not say its set-up again within 100 ms' });
        if (!tls.destroyed) await once(tls, 'close');
      });

      it('it closes after the handshake, as one does that refuses our key', async () => {
        const half = await buildAt(side);
        const { tls } = await securedPeer(half);
        tls.end();
        expect(await errorOf(half)).to.have.property('code', 'ERR_LSTP_CARRIER_CLOSED');
      });

      it('it breaks off', async () => {
        const half = await buildAt(side);
        await securedPeer(half);
        half.other.resetAndDestroy();
        expect((await errorOf(half)).message).to.match(/ECONNRESET|died/);
      });

      it('it says something that is no frame', async () => {
        const half = await buildAt(side);
        const { tls, received } = await securedPeer(half);
        tls.write('GET / HTTP/1.1\r\n\r\n');
        expect(await errorOf(half)).to.be.instanceOf(ProtocolError).with.property('wireCode', 'PROTOCOL');
        if (!tls.destroyed) await once(tls, 'close');
        expect(toldError(received())).to.match(/"code":"PROTOCOL"/);
      });

      it('it begins with another frame', async () => {
        const half = await buildAt(side);
        const { tls } = await securedPeer(half);
        tls.write(encodeFrame('SERVICE_FREE_RESPONSE', 1));
        expect((await errorOf(half)).message).to.match(/COMMONUNIQUE_INFO was expected/);
      });

      it('its set-up inside TLS is not the one that came in clear', async () => {
        const half = await buildAt(side);
        const { tls, received } = await securedPeer(half);
        const another = ownSetup(half.peerSetup.info.side, 2);
        tls.write(new CarrierSetup(another, checked(another, half.own), nodeCrypto).frames());
        const error = await errorOf(half);
        expect(error).to.have.property('wireCode', 'TAMPERED');
        expect(error.message).to.match(/^COMMONUNIQUE_INFO\.\w+: in clear it was not what it is inside TLS/);
        if (!tls.destroyed) await once(tls, 'close');
        expect(toldError(received())).to.match(/"code":"TAMPERED"/);
      });

      it('it says why it goes', async () => {
        const half = await buildAt(side);
        const { tls } = await securedPeer(half);
        tls.write(encodeJson('ERROR', 0, { code: 'SHUTTING_DOWN', message: 'not today' }));
        expect(await errorOf(half)).to.include({ wireCode: 'SHUTTING_DOWN', message: 'the peer says: not today' });
      });
    });
  }
});
