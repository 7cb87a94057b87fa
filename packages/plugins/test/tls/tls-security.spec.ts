import 'reflect-metadata';
import { expect } from 'chai';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { generateIdentity, type NodeIdentity, type SecuredCarrier } from '@lstp/core';
import { TlsSecurity } from '../../src/tls/tls-security.js';
import { certificateOf } from '../support/certificate-of.js';
import { socketPair } from '@lstp/core/testing';
import { ForeignPeer, type PeerHabits } from './foreign-peer.js';

const TIMEOUT_MS = 10_000;
const own = generateIdentity();
const friend = generateIdentity();
const stranger = generateIdentity();
const security = new TlsSecurity(own);

interface Trial {
  readonly peer: ForeignPeer;
  readonly socket: Socket;
  readonly outcome: Promise<SecuredCarrier | Error>;
}

/** Secures a pipe, `friend` pinned, with a peer of these habits at its other side. */
async function tryWith(habits: PeerHabits, master: boolean): Promise<Trial> {
  const [socket, other] = await socketPair();
  const peer = new ForeignPeer(other, { isServer: master }, habits);
  const outcome = security.secure({ socket, master, pin: friend.publicKey, timeoutMs: TIMEOUT_MS }).catch((error: Error) => error);
  return { peer, socket, outcome };
}

/** Refused, both sockets gone, and not one byte of ours reached the peer inside TLS. */
async function expectRefusal({ peer, socket, outcome }: Trial, message: RegExp): Promise<void> {
  const refusal = await outcome;
  expect(refusal).to.be.instanceOf(Error).with.property('code', 'ERR_LSTP_TLS_REFUSED');
  expect((refusal as Error).message).to.match(message);
  expect(socket.destroyed, 'own socket destroyed').to.equal(true);
  await peer.gone;
  expect(peer.received).to.equal('');
}

function contextOf({ certificate }: Pick<NodeIdentity, 'certificate'>): { key: string; cert: string } {
  return { ...certificate };
}

const ec = certificateOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey, 'lstp');
const rsa = certificateOf(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey, 'lstp');
const chained = { key: stranger.certificate.key, cert: stranger.certificate.cert + friend.certificate.cert };

/** What is refused, and why, whichever side begins. */
const REFUSED: readonly { readonly what: string; readonly habits: PeerHabits; readonly why: RegExp }[] = [
  { what: 'the right name with a wrong key', habits: { context: contextOf(stranger) }, why: /TLS: the peer proved ed25519:\S+, but ed25519:\S+ is pinned/ },
  { what: 'the right key behind a wrong one in the chain', habits: { context: chained }, why: /is pinned/ },
  { what: 'our own key, shown to ourselves', habits: { context: contextOf(own) }, why: /is pinned/ },
  { what: 'a P-256 key', habits: { context: ec }, why: /TLS: .*(alert|signature|no certificate)/i },
  { what: 'an RSA key', habits: { context: rsa }, why: /TLS: .*(alert|signature|no certificate)/i },
  { what: 'TLS 1.2', habits: { context: { ...contextOf(friend), minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' } }, why: /TLS: .*(version|protocol)/i },
  { what: 'another application protocol', habits: { context: contextOf(friend), alpn: ['h2', 'http/1.1'] }, why: /TLS: .*(protocol|ALPN)/i },
];

describe('plugins/tls', () => {
  for (const master of [true, false]) {
    const role = master ? 'as the one that begins' : 'as the one that is asked';

    describe(`${role},`, () => {
      it('secures a pipe with the pinned peer and reads and writes nothing by itself', async () => {
        const { peer, outcome } = await tryWith({ context: contextOf(friend) }, master);
        const secured = (await outcome) as SecuredCarrier;
        await peer.secured;
        expect(secured.stream.readableFlowing).to.equal(null);
        expect(secured.stream.listenerCount('data') + secured.stream.listenerCount('readable')).to.equal(0);
        expect(String((await once(secured.stream, 'data'))[0])).to.equal('application data');
        expect(peer.received).to.equal('');
        expect(secured.exporter('EXPORTER-test')).to.deep.equal(peer.tls.exportKeyingMaterial(32, 'EXPORTER-test', Buffer.alloc(0)));
        secured.stream.destroy();
        await peer.gone;
      });

      for (const { what, habits, why } of REFUSED) {
        it(`refuses ${what}`, async () => expectRefusal(await tryWith(habits, master), why));
      }

      it('refuses a peer that names no application protocol', async () => {
        await expectRefusal(await tryWith({ context: contextOf(friend), alpn: [] }, master), /TLS: .*(protocol|ALPN)/i);
      });

      it('refuses a peer that says something else than TLS', async () => {
        const [socket, other] = await socketPair();
        other.on('error', () => {}).write('GET / HTTP/1.1\r\nhost: desk\r\n\r\n');
        let said = Buffer.alloc(0);
        other.on('end', () => other.destroy());
        other.on('data', (chunk: Buffer) => (said = Buffer.concat([said, chunk])));
        const refusal = await security.secure({ socket, master, pin: friend.publicKey, timeoutMs: TIMEOUT_MS }).catch((error: Error) => error);
        expect(refusal).to.be.instanceOf(Error).with.property('code', 'ERR_LSTP_TLS_REFUSED');
        expect(socket.destroyed).to.equal(true);
        if (!other.destroyed) await once(other, 'close');
        // A ClientHello (0x16) or an alert (0x15), never data (0x17).
        expect(said.length === 0 || said[0] === 0x16 || said[0] === 0x15).to.equal(true);
      });

      it('gives up a silent peer after its time', async () => {
        const [socket, other] = await socketPair();
        const refusal = await security.secure({ socket, master, pin: friend.publicKey, timeoutMs: 50 }).catch((error: Error) => error);
        expect((refusal as Error).message).to.equal('TLS: no handshake within 50 ms');
        expect(socket.destroyed).to.equal(true);
        if (!other.readableEnded) await once(other.resume(), 'end');
        other.destroy();
      });

      it('says so at once when the peer leaves during the handshake', async () => {
        const [socket, other] = await socketPair();
        other.on('error', () => {}).resume().end();
        const refusal = await security.secure({ socket, master, pin: friend.publicKey, timeoutMs: TIMEOUT_MS }).catch((error: Error) => error);
        expect((refusal as Error).message).to.equal('TLS: the connection was closed during the handshake');
        expect(socket.destroyed).to.equal(true);
        if (!other.destroyed) await once(other, 'close');
      });

      it('says so when the pipe breaks during the handshake', async () => {
        const [socket, other] = await socketPair();
        other.once('data', () => {}).resetAndDestroy();
        const refusal = await security.secure({ socket, master, pin: friend.publicKey, timeoutMs: TIMEOUT_MS }).catch((error: Error) => error);
        expect((refusal as Error).message).to.match(/^TLS: /);
        expect(socket.destroyed).to.equal(true);
      });
    });
  }

  it('refuses a peer that shows no certificate', async () => {
    await expectRefusal(await tryWith({ context: {} }, false), /TLS: .*no certificate/);
  });

  it('offers no session to be resumed, and a peer that brings one still proves its key', async () => {
    const sessions: Buffer[] = [];
    const first = await tryWith({ context: contextOf(friend) }, false);
    first.peer.tls.on('session', (session: Buffer) => sessions.push(session));
    const secured = (await first.outcome) as SecuredCarrier;
    // What the server says of sessions comes before its data.
    secured.stream.write('after');
    await once(first.peer.tls, 'data');
    secured.stream.destroy();
    await first.peer.gone;
    for (const session of sessions) {
      const again = await tryWith({ context: contextOf(friend), session }, false);
      const resumed = (await again.outcome) as SecuredCarrier;
      await again.peer.secured;
      expect(again.peer.tls.isSessionReused()).to.equal(false);
      resumed.stream.destroy();
      await again.peer.gone;
    }
    const lying = sessions[0] === undefined ? {} : { session: sessions[0] };
    await expectRefusal(await tryWith({ context: contextOf(stranger), ...lying }, false), /is pinned/);
  });

  it('does not take what lies behind the set-up in the pipe for anything but TLS', async () => {
    const [socket, other] = await socketPair();
    const peer = new ForeignPeer(other, { isServer: false }, { context: contextOf(friend) });
    // The ClientHello was read together with the last frame and pushed back.
    const [head] = (await once(socket, 'data')) as [Buffer];
    socket.pause();
    socket.removeAllListeners('data');
    socket.unshift(head);
    const secured = await security.secure({ socket, master: false, pin: friend.publicKey, timeoutMs: TIMEOUT_MS });
    expect(String((await once(secured.stream, 'data'))[0])).to.equal('application data');
    secured.stream.destroy();
    await peer.gone;
  });
});
