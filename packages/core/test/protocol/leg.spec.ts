import { expect } from 'chai';
import { lengthPrefixed } from '../../src/protocol/bytes.js';
import { legDialerMessage } from '../../src/protocol/digest.js';
import { encodeFrame, encodeJson, encodeNumbers } from '../../src/protocol/frame.js';
import { LEG_FRAMES_BURST } from '../../src/protocol/limits.js';
import { namedSigner } from '../../src/testing/index.js';
import { legPair, rawAcceptor, types, type LegPair, type LegSide } from './support/leg-pair.js';
import { SimWorld } from './support/sim-world.js';
import { crypto, endSetup, keyOf, wayThrough } from './support/way.js';

const way = wayThrough(0);
const deskSetup = () => endSetup('desk', { side: 'left', peers: [keyOf('lab')] });
const labSetup = () => endSetup('lab', { side: 'right', peers: [keyOf('desk')] });

function open(pair: LegPair): LegPair {
  pair.world.run(() => pair.dialer.leg.leg.peer !== undefined);
  return pair;
}

function send({ leg }: LegSide, { cu, entry } = deskSetup()): void {
  leg.command((one) => one.sendSetup(cu, entry));
}

/** Set-up has gone both ways. */
function exchanged(): LegPair {
  const pair = legPair();
  send(pair.dialer);
  pair.world.run(() => types(pair.acceptor).includes('setup'));
  send(pair.acceptor, labSetup());
  pair.world.run(() => types(pair.dialer).includes('setup'));
  return pair;
}

function failureOf({ events }: LegSide): { code: string; message: string } {
  const failed = events.find((event) => event.type === 'failed');
  return failed?.type === 'failed' ? failed.failure : { code: 'none', message: '' };
}

function errorOf({ events }: LegSide): object | undefined {
  const error = events.find((event) => event.type === 'error');
  return error?.type === 'error' ? error.body : undefined;
}

describe('protocol/leg', () => {
  describe('HELLO', () => {
    it('proves both keys to each other and says what the leg is for', () => {
      const { dialer, acceptor } = open(legPair({ use: 'link' }));
      expect(dialer.leg.leg.peer).to.include({ key: keyOf('west'), use: 'link' });
      expect(acceptor.leg.leg.peer).to.deep.equal({ key: keyOf('desk'), use: 'link', started: 7, node: 'desk' });
      expect(types(dialer)).to.deep.equal(['greeted', 'authenticated']);
      expect(types(acceptor)).to.deep.equal(['authenticated']);
    });

    it('works when every byte comes by itself', () => {
      const world = new SimWorld();
      world.chunkBytes = 1;
      const pair = legPair({ world });
      send(pair.dialer);
      world.run(() => types(pair.acceptor).includes('setup'));
      expect(types(pair.acceptor)).to.deep.equal(['authenticated', 'setup']);
    });

    it('sends the set-up in one write with it, also when that is only made on the greeting', () => {
      for (const when of ['before', 'on greeting']) {
        const world = new SimWorld();
        const writes: Buffer[] = [];
        world.tamper = (bytes) => (writes.push(bytes), bytes);
        const pair = legPair({ world });
        if (when === 'before') send(pair.dialer);
        else pair.dialer.leg.onEvent = ({ type }) => type === 'greeted' && send(pair.dialer);
        world.run(() => types(pair.acceptor).includes('setup'));
        expect(writes, when).to.have.length(3);
      }
    });

    it('is refused to a key that no chain knows, in one word, and the log learns which', () => {
      const { world, dialer, acceptor } = legPair({ dialer: { signer: namedSigner('mallory') } });
      world.pass(100);
      expect(errorOf(dialer)).to.deep.equal({ code: 'REFUSED' });
      const failure = acceptor.events.find((event) => event.type === 'failed');
      expect(failure).to.deep.include({ type: 'failed' });
      expect(failure?.type === 'failed' && failure.failure.claimed).to.deep.equal({ node: 'desk', key: keyOf('mallory') });
      expect(failureOf(acceptor).message).to.contain(keyOf('mallory'));
    });

    it('is not answered to an acceptor with another key than the pinned ones', () => {
      const { world, dialer, acceptor } = legPair({ acceptor: { signer: namedSigner('mallory') } });
      world.pass(100);
      expect(failureOf(dialer).message).to.equal(`the acceptor has the key ${keyOf('mallory')}, but pinned for it is ${keyOf('west')}`);
      expect(errorOf(acceptor)).to.deep.equal({ code: 'REFUSED' });
      expect(types(dialer)).to.not.include('greeted');
    });

    it('is refused to a dialer that shows a known key and cannot sign with it', () => {
      const forger = { publicKey: keyOf('desk'), sign: namedSigner('mallory').sign };
      const { world, acceptor } = legPair({ dialer: { signer: forger } });
      world.pass(100);
      expect(failureOf(acceptor).message).to.contain('does not hold the key');
      expect(acceptor.leg.leg.peer).to.equal(undefined);
    });

    it('is refused to an acceptor that shows the pinned key and cannot sign with it; nothing it forwarded was handled', () => {
      const forger = { publicKey: keyOf('west'), sign: namedSigner('mallory').sign };
      const { world, dialer } = legPair({ acceptor: { signer: forger } });
      world.pass(100);
      expect(failureOf(dialer).message).to.contain('does not hold the key');
      expect(types(dialer)).to.deep.equal(['greeted', 'failed']);
    });

    it('of one connection is worth nothing on another', () => {
      const said: Buffer[] = [];
      const world = new SimWorld();
      world.tamper = (bytes) => (said.push(bytes), bytes);
      open(legPair({ world, use: 'link' }));
      const { world: later, socket, acceptor } = rawAcceptor();
      later.pass(10);
      socket.write(said[1] as Buffer);
      later.pass(100);
      expect(failureOf(acceptor).message).to.contain('means another acceptor');
    });

    it('is told VERSION when it is authentic and of a version that nobody here speaks', () => {
      const { world, socket, acceptor, heard } = rawAcceptor();
      world.pass(10);
      const helloA = (heard[0] as Buffer).subarray(8);
      const body = { version: 2, key: keyOf('desk'), nonce: Buffer.alloc(32).toString('base64url'), use: 'link', started: 1, node: 'desk' };
      const json = Buffer.from(JSON.stringify(body));
      const signature = namedSigner('desk').sign(legDialerMessage(crypto, helloA, { json, pinned: keyOf('west') }));
      socket.write(encodeFrame('HELLO', 0, Buffer.concat([lengthPrefixed(json), signature])));
      world.pass(100);
      expect(failureOf(acceptor)).to.include({ code: 'VERSION', message: 'HELLO.version: 2, here 1 is spoken' });
      expect(Buffer.concat(heard).toString()).to.contain('"code":"VERSION"');
    });

    it('that is none is refused', () => {
      const { world, socket, acceptor, heard } = rawAcceptor();
      world.pass(10);
      socket.write(encodeFrame('HELLO', 0, Buffer.from('not LP')));
      world.pass(100);
      expect(failureOf(acceptor)).to.include({ code: 'PROTOCOL' });
      expect(Buffer.concat(heard).toString()).to.contain('{"code":"REFUSED"}');
    });

    for (const [who, bytes, words] of [
      ['a TLS client', Buffer.from('160301', 'hex'), 'speaks TLS'],
      ['a browser', Buffer.from('GET / HTTP/1.1\r\n'), 'text protocol'],
      ['noise', Buffer.from('ff'.repeat(16), 'hex'), 'unknown frame type 0xff'],
    ] as const) {
      it(`recognises ${who}`, () => {
        const { world, socket, acceptor, heard } = rawAcceptor();
        world.pass(10);
        socket.write(bytes);
        world.pass(100);
        expect(failureOf(acceptor).message).to.contain(words);
        expect(Buffer.concat(heard).toString()).to.contain('{"code":"REFUSED"}');
      });
    }

    it('must be over within 5 s', () => {
      const { world, acceptor } = rawAcceptor();
      world.pass(4980);
      expect(acceptor.events).to.deep.equal([]);
      world.pass(40);
      expect(failureOf(acceptor)).to.include({ code: 'TIMEOUT' });
    });

    it('must be followed by a set-up within 5 s on a set-up leg, on no other', () => {
      for (const use of ['set-up', 'standby', 'link'] as const) {
        const { world, acceptor } = open(legPair({ use, dialer: { pingMs: 10_000 }, acceptor: { pingMs: 10_000 } }));
        world.pass(6000);
        expect(failureOf(acceptor).code, use).to.equal(use === 'set-up' ? 'TIMEOUT' : 'none');
      }
    });
  });

  describe('before admission', () => {
    it('takes six frames and no more', () => {
      const { world, dialer, acceptor } = open(legPair());
      const ping = encodeNumbers('PING', 0, 1);
      for (let frames = 2; frames <= 6; frames++) dialer.leg.writeRaw(ping);
      world.pass(50);
      expect(failureOf(acceptor).code).to.equal('none');
      dialer.leg.writeRaw(ping);
      world.pass(50);
      expect(failureOf(acceptor)).to.deep.include({ code: 'LIMIT', message: 'PING: more than 6 frames before set-up is complete' });
    });

    it('takes 48 KiB and no more', () => {
      const { world, dialer, acceptor } = open(legPair());
      const big = (name: 'HELLO' | 'COMMONUNIQUE_INFO') => encodeFrame(name, 0, Buffer.alloc(16_384, ' '));
      dialer.leg.writeRaw(big('COMMONUNIQUE_INFO'));
      world.pass(50);
      expect(failureOf(acceptor).code).to.equal('none');
      dialer.leg.writeRaw(encodeJson('PROGRESS', 0, { at: 'x' }));
      for (let more = 0; more < 2; more++) dialer.leg.writeRaw(encodeFrame('PROGRESS', 0, Buffer.from(`{"at":"x"${' '.repeat(16_374)}}`)));
      world.pass(50);
      expect(failureOf(acceptor)).to.include({ code: 'LIMIT' });
    });
  });

  it('lets an admitted neighbour send 128 frames at once and 32 a second, and no more', () => {
    const { world, dialer, acceptor } = open(legPair({ use: 'link' }));
    const pong = encodeNumbers('PONG', 0, 1);
    for (let sent = 0; sent < LEG_FRAMES_BURST; sent++) dialer.leg.writeRaw(pong);
    world.pass(500);
    for (let sent = 0; sent < 16; sent++) dialer.leg.writeRaw(pong);
    world.pass(50);
    expect(failureOf(acceptor).code).to.equal('none');
    for (let sent = 0; sent < 16; sent++) dialer.leg.writeRaw(pong);
    world.pass(50);
    expect(failureOf(acceptor).code).to.equal('LIMIT');
  });

  describe('set-up', () => {
    it('goes first from whom the use of the leg names', () => {
      for (const [use, first] of [['set-up', 'dialer'], ['standby', 'acceptor']] as const) {
        const pair = open(legPair({ use }));
        const second = first === 'dialer' ? 'acceptor' : 'dialer';
        send(pair[first]);
        pair.world.run(() => types(pair[second]).includes('setup'));
        send(pair[second], labSetup());
        pair.world.run(() => types(pair[first]).includes('setup'));
        expect(failureOf(pair.dialer).code + failureOf(pair.acceptor).code).to.equal('nonenone');
      }
    });

    it('is refused from the other side, on a link leg, and a second time', () => {
      const wrongSide = open(legPair({ use: 'standby' }));
      send(wrongSide.dialer);
      wrongSide.world.pass(50);
      expect(failureOf(wrongSide.acceptor)).to.include({ code: 'PROTOCOL', message: 'COMMONUNIQUE_INFO: not allowed on a standby leg in this state' });
      const link = open(legPair({ use: 'link' }));
      send(link.dialer);
      link.world.pass(50);
      expect(failureOf(link.acceptor)).to.include({ code: 'PROTOCOL' });
      const twice = exchanged();
      twice.dialer.leg.writeRaw(encodeFrame('COMMONUNIQUE_INFO', 0, way.left.cu));
      twice.world.pass(50);
      expect(failureOf(twice.acceptor).message).to.contain('a second one');
    });

    it('is refused without COMMONUNIQUE_INFO, and the neighbour is told why', () => {
      const { world, dialer, acceptor } = open(legPair());
      dialer.leg.writeRaw(encodeFrame('TOPOLOGY_EXCHANGE', 0, way.left.entry));
      world.pass(50);
      expect(failureOf(acceptor).message).to.equal('TOPOLOGY_EXCHANGE: before COMMONUNIQUE_INFO');
      expect(errorOf(dialer)).to.deep.equal({ code: 'PROTOCOL', message: 'TOPOLOGY_EXCHANGE: before COMMONUNIQUE_INFO' });
    });

    it('is sent once in each direction', () => {
      const { dialer } = exchanged();
      expect(() => dialer.leg.leg.sendSetup(way.left.cu, way.left.entry)).to.throw('one set-up');
    });
  });

  describe('PING', () => {
    it('keeps a silent leg alive for a day', () => {
      const { world, dialer, acceptor } = open(legPair({ use: 'link', dialer: { pingMs: 60_000 }, acceptor: { pingMs: 60_000 } }));
      world.pass(86_400_000);
      expect(types(dialer).concat(types(acceptor))).to.not.include('failed');
    });

    it('finds a dead neighbour in three times pingMs', () => {
      const { world, dialer } = open(legPair({ use: 'link' }));
      world.tamper = () => Buffer.alloc(0);
      world.pass(2900);
      expect(failureOf(dialer).code).to.equal('none');
      world.pass(200);
      expect(failureOf(dialer)).to.include({ code: 'TIMEOUT', message: 'no sign of life for 3000 ms' });
    });

    it('takes any byte for a sign of life', () => {
      const { world, dialer, acceptor } = open(legPair({ use: 'link' }));
      world.tamper = (bytes) => (bytes[0] === 0x05 ? bytes : Buffer.alloc(0));
      for (let second = 0; second < 20; second++) {
        world.pass(1000);
        acceptor.leg.command((leg) => leg.sendProgress({ at: 'west' }));
      }
      expect(failureOf(dialer).code).to.equal('none');
    });

    it('does not take a stall of the own process for the neighbour\'s death', () => {
      const { dialer, world } = open(legPair({ use: 'link' }));
      dialer.leg.leg.handleTimeout(world.now + 3_600_000);
      expect(dialer.leg.leg.pollEvent()).to.equal(undefined);
      expect(dialer.leg.leg.pollTransmit()?.[0]).to.equal(0x06);
    });

    it('ends with PASS_THROUGH, and a stray one is consumed unanswered', () => {
      const { world, dialer, acceptor } = exchanged();
      dialer.leg.command((leg) => leg.sendPassThrough());
      acceptor.leg.writeRaw(encodeNumbers('PING', 0, 1));
      const written: Buffer[] = [];
      world.tamper = (bytes) => (written.push(bytes), bytes);
      world.pass(60_000);
      expect(written).to.deep.equal([]);
      expect(types(dialer).concat(types(acceptor))).to.not.include('failed');
    });
  });

  describe('PASS_THROUGH', () => {
    it('ends LSTP in its direction, and gives back what came behind it', () => {
      for (const chunkBytes of [0, 1, 7]) {
        const { world, dialer, acceptor } = exchanged();
        world.chunkBytes = chunkBytes;
        dialer.leg.command((leg) => leg.sendPassThrough());
        dialer.leg.writeRaw(Buffer.from('\x16\x03 not LSTP'));
        world.pass(50);
        const raw: Buffer[] = [];
        acceptor.leg.release((bytes) => raw.push(bytes));
        expect(Buffer.concat(raw).toString(), String(chunkBytes)).to.equal('\x16\x03 not LSTP');
        expect(acceptor.leg.leg.transparent).to.equal(false);
        acceptor.leg.command((leg) => leg.sendPassThrough());
        world.pass(50);
        expect(acceptor.leg.leg.transparent && dialer.leg.leg.transparent).to.equal(true);
      }
    });

    it('is refused before set-up went both ways', () => {
      const pair = legPair();
      send(pair.dialer);
      pair.world.run(() => types(pair.acceptor).includes('setup'));
      pair.dialer.leg.writeRaw(encodeFrame('PASS_THROUGH', 0));
      pair.world.pass(50);
      expect(failureOf(pair.acceptor)).to.include({ code: 'PROTOCOL', message: 'PASS_THROUGH before set-up went both ways' });
      expect(() => pair.dialer.leg.leg.sendPassThrough()).to.not.throw();
      expect(() => open(legPair()).dialer.leg.leg.sendPassThrough()).to.throw('before set-up');
    });

    it('lets nothing of ours follow it', () => {
      const { world, dialer, acceptor } = exchanged();
      dialer.leg.command((leg) => leg.sendPassThrough());
      dialer.leg.command((leg) => leg.sendProgress({ at: 'desk' }));
      dialer.leg.command((leg) => leg.sendPassThrough());
      dialer.leg.close({ code: 'LOST' });
      world.pass(50);
      const raw: Buffer[] = [];
      acceptor.leg.release((bytes) => raw.push(bytes));
      expect(raw).to.deep.equal([]);
    });
  });

  it('hands on PROGRESS and SHUTDOWN', () => {
    const { world, dialer, acceptor } = open(legPair({ use: 'link' }));
    acceptor.leg.command((leg) => leg.sendProgress({ at: 'west', waitingFor: 'lab' }));
    acceptor.leg.command((leg) => leg.sendShutdown({ node: 'west', deadlineMs: 5 }));
    world.pass(50);
    expect(dialer.events.slice(2)).to.deep.equal([
      { type: 'progress', body: { at: 'west', waitingFor: 'lab' } },
      { type: 'shutdown', body: { node: 'west', deadlineMs: 5 } },
    ]);
  });

  it('says why it ends, cut to what ERROR may hold, and is over', () => {
    const { world, dialer, acceptor } = open(legPair({ use: 'link' }));
    acceptor.leg.close({ code: 'LIMIT', message: 'x'.repeat(5000) });
    world.pass(50);
    expect(errorOf(dialer)).to.deep.equal({ code: 'LIMIT', message: 'x'.repeat(1024) });
    expect(dialer.leg.leg.pollTimeout()).to.equal(undefined);
    expect(world.openLinks).to.equal(0);
  });

  it('refuses frames on another channel', () => {
    const { world, dialer, acceptor } = open(legPair({ use: 'link' }));
    dialer.leg.writeRaw(encodeNumbers('PING', 4, 1));
    world.pass(50);
    expect(failureOf(acceptor).message).to.equal('PING: on channel 4, legs have only 0');
  });
});
