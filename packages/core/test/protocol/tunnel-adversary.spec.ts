import { expect } from 'chai';
import { encodeFrame, encodeJson, encodeNumbers, encodePositioned, writeHeader } from '../../src/protocol/frame.js';
import { ANSWER_QUEUE_BYTES, CONTROL_BYTES, DATA_BYTES, HEADER_BYTES } from '../../src/protocol/limits.js';
import { HEADROOM } from '../../src/protocol/outgoing.js';
import type { MessageName } from '../../src/protocol/messages.js';
import { data, HostilePeer, REQUEST, resume } from './hostile-peer.js';

/** Only the header of a frame: what is refused by it alone. */
function header(name: MessageName, channel: number, length: number): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES);
  writeHeader(bytes, name, channel, length);
  return bytes;
}

/** A tunnel with a channel of its own, number 2, of which the peer has everything. */
function opener(): HostilePeer {
  const peer = new HostilePeer('right').alive();
  const channel = peer.tunnel.open({ service: 'echo', kind: 'stream', carrier: 'shared' }, undefined, peer.now);
  peer.tunnel.write(channel, Buffer.alloc(HEADROOM + 100), HEADROOM, peer.now);
  peer.answers();
  return peer.send(encodePositioned('CONNECTION_ACK', 2, 0, {}));
}

interface Case {
  readonly code: string;
  readonly says: RegExp;
  readonly act: () => HostilePeer;
}

const alive = (): HostilePeer => new HostilePeer('right').alive();
const open = (): HostilePeer => alive().opened(1);

const REFUSED: Readonly<Record<string, Case>> = {
  'an acknowledgement of what was never sent': { code: 'PROTOCOL', says: /received: 103 was never sent, only 102/, act: () => opener().send(resume(2, 103, 20_000)) },
  'an acknowledgement that goes back': { code: 'PROTOCOL', says: /goes back/, act: () => opener().send(resume(2, 102, 20_000), resume(2, 101, 20_000)) },
  'a limit that goes back': { code: 'PROTOCOL', says: /goes back/, act: () => opener().send(resume(2, 102, 30_000), resume(2, 102, 29_999)) },
  'SERVICE_DATA_RESUME of a channel that never was': { code: 'PROTOCOL', says: /channel 7, which was never opened/, act: () => alive().send(resume(7, 0, 1)) },
  'SERVICE_DATA_RESUME of channel 0': { code: 'PROTOCOL', says: /channel 0, which was never opened/, act: () => alive().send(resume(0, 0, 0)) },
  'SERVICE_DATA_PAUSE of a channel that never was': { code: 'PROTOCOL', says: /never opened/, act: () => alive().send(encodeNumbers('SERVICE_DATA_PAUSE', 7, 1)) },
  'SERVICE_DATA of a channel that never was': { code: 'PROTOCOL', says: /never opened/, act: () => alive().send(data(7, 2, 10)) },
  'SERVICE_DATA of an own id that never was': { code: 'PROTOCOL', says: /never opened/, act: () => alive().send(data(8, 2, 10)) },
  'an id of the wrong side': { code: 'PROTOCOL', says: /channel 4 is not the peer's to open/, act: () => alive().opened(4) },
  'id 0': { code: 'PROTOCOL', says: /channel 0 is not the peer's to open/, act: () => alive().opened(0) },
  'a channel that does not begin at 0': { code: 'PROTOCOL', says: /position: 1, a channel begins at 0/, act: () => alive().send(encodePositioned('CONNECTION_REQUEST', 1, 1, REQUEST)) },
  'one channel more than allowed': { code: 'LIMIT', says: /more than the 4 channels/, act: () => alive().opened(1).opened(3).opened(5).opened(7).opened(9) },
  'a second END': { code: 'PROTOCOL', says: /a second END/, act: () => open().send(data(1, 2, 0), data(1, 3, 0)) },
  'data after END': { code: 'PROTOCOL', says: /after END/, act: () => open().send(data(1, 2, 0), data(1, 3, 1)) },
  'data beyond the limit': { code: 'PROTOCOL', says: /position 20001 goes beyond the granted 20000/, act: () => unread(20_000).send(data(1, 20_000, 1)) },
  'control beyond the slack': { code: 'PROTOCOL', says: /goes beyond the granted/, act: () => unread(20_000).send(data(1, 20_008, 0)) },
  'data before its turn on the only carrier': { code: 'PROTOCOL', says: /position 10, but 2 is next/, act: () => open().send(data(1, 10, 5)) },
  'data before SERVICE_BEGIN_REQUEST': { code: 'PROTOCOL', says: /before SERVICE_BEGIN_REQUEST/, act: () => alive().send(encodePositioned('CONNECTION_REQUEST', 1, 0, REQUEST), data(1, 1, 5)) },
  'END before SERVICE_BEGIN_REQUEST': { code: 'PROTOCOL', says: /END before/, act: () => alive().send(encodePositioned('CONNECTION_REQUEST', 1, 0, REQUEST), data(1, 1, 0)) },
  'data before SERVICE_BEGIN_ACK': { code: 'PROTOCOL', says: /before SERVICE_BEGIN_ACK/, act: () => opener().send(data(2, 1, 5)) },
  'data on a channel that listens': { code: 'PROTOCOL', says: /listens/, act: () => alive().opened(1, { kind: 'listen' }).send(data(1, 2, 5)) },
  'END on a channel that listens': { code: 'PROTOCOL', says: /END on a listen channel/, act: () => alive().opened(1, { kind: 'listen' }).send(data(1, 2, 0)) },
  'SERVICE_DATA without position': { code: 'PROTOCOL', says: /too short for its position/, act: () => open().send(encodeFrame('SERVICE_DATA', 1)) },
  'SERVICE_DATA with half a position': { code: 'PROTOCOL', says: /too short for its position/, act: () => open().send(encodeFrame('SERVICE_DATA', 1, Buffer.alloc(7))) },
  'control with half a position': { code: 'PROTOCOL', says: /too short for its position/, act: () => opener().send(encodeFrame('CONNECTION_NACK', 2, Buffer.alloc(7))) },
  'a position beyond 2^53': { code: 'PROTOCOL', says: /beyond 2\^53/, act: () => open().send(encodeFrame('SERVICE_DATA', 1, Buffer.alloc(20, 0xff))) },
  'CONNECTION_ACK twice': { code: 'PROTOCOL', says: /CONNECTION_ACK at position 1/, act: () => opener().send(encodePositioned('CONNECTION_ACK', 2, 1, {})) },
  'SERVICE_BEGIN_ACK before CONNECTION_ACK': {
    code: 'PROTOCOL',
    says: /SERVICE_BEGIN_ACK at position 0/,
    act: () => {
      const peer = alive();
      peer.tunnel.open({ service: 'echo', kind: 'stream', carrier: 'shared' }, undefined, peer.now);
      peer.answers();
      return peer.send(encodePositioned('SERVICE_BEGIN_ACK', 2, 0, {}));
    },
  },
  'an answer from the side that asks': { code: 'PROTOCOL', says: /CONNECTION_ACK at position 2/, act: () => open().send(encodePositioned('CONNECTION_ACK', 1, 2, {})) },
  'a request from the side that answers': { code: 'PROTOCOL', says: /SERVICE_BEGIN_REQUEST at position 1/, act: () => opener().send(encodePositioned('SERVICE_BEGIN_REQUEST', 2, 1, {})) },
  'SERVICE_FREE_RESPONSE that nobody asked for': { code: 'PROTOCOL', says: /channel 1, which is open/, act: () => open().send(encodeFrame('SERVICE_FREE_RESPONSE', 1)) },
  'SERVICE_FREE_RESPONSE of a channel that never was': { code: 'PROTOCOL', says: /never opened/, act: () => alive().send(encodeFrame('SERVICE_FREE_RESPONSE', 1)) },
  'SERVICE_FREE_REQUEST of an own id that never was': { code: 'PROTOCOL', says: /never opened/, act: () => alive().send(encodeJson('SERVICE_FREE_REQUEST', 2, { reason: 'reset' })) },
  'SERVICE_FREE_REQUEST of channel 0': { code: 'PROTOCOL', says: /never opened/, act: () => alive().send(encodeJson('SERVICE_FREE_REQUEST', 0, { reason: 'reset' })) },
  'a stream that is said to be done and is not': { code: 'PROTOCOL', says: /channel 1 is not done/, act: () => open().send(encodeJson('SERVICE_FREE_REQUEST', 1, { reason: 'done' })) },
  'an unknown reason': { code: 'PROTOCOL', says: /SERVICE_FREE_REQUEST.reason/, act: () => open().send(encodeFrame('SERVICE_FREE_REQUEST', 1, Buffer.from('{"reason":"bored"}'))) },
  'a type that is none': { code: 'PROTOCOL', says: /unknown frame type 0x7f/, act: () => alive().send(Buffer.from('7f00000000000000', 'hex')) },
  'a message of legs': { code: 'PROTOCOL', says: /PASS_THROUGH does not belong on a carrier/, act: () => alive().send(encodeFrame('PASS_THROUGH', 0)) },
  'a control frame too long': { code: 'PROTOCOL', says: /16385 bytes, at most 16384/, act: () => alive().send(header('CONNECTION_REQUEST', 1, CONTROL_BYTES + 1)) },
  'data too long': { code: 'PROTOCOL', says: /65545 bytes, at most 65544/, act: () => open().send(header('SERVICE_DATA', 1, 8 + DATA_BYTES + 1)) },
  'numbers too short': { code: 'PROTOCOL', says: /8 bytes instead of 16/, act: () => open().send(encodeFrame('SERVICE_DATA_RESUME', 1, Buffer.alloc(8))) },
  'what is no JSON': { code: 'PROTOCOL', says: /not JSON/, act: () => alive().send(encodeFrame('SHUTDOWN', 0, Buffer.from('{'))) },
  'a message of the carrier with a channel': { code: 'PROTOCOL', says: /PING with channel 3/, act: () => alive().send(encodeNumbers('PING', 3, 1)) },
  'COMMONUNIQUE_INFO once more': { code: 'PROTOCOL', says: /COMMONUNIQUE_INFO on a carrier that is alive/, act: () => alive().send(encodeFrame('COMMONUNIQUE_INFO', 0)) },
  'a second PROPERTY_EXCHANGE': {
    code: 'PROTOCOL',
    says: /a second one/,
    act: () => {
      const peer = alive();
      return peer.send(peer.properties());
    },
  },
  'an own carrier of a slot that is ours to choose': { code: 'PROTOCOL', says: /slot: 10 is not the peer's to choose/, act: () => alive().opened(1, { carrier: 'own', slot: 10 }) },
  'an own carrier of a configured slot': { code: 'PROTOCOL', says: /slot: 3 is not/, act: () => alive().opened(1, { carrier: 'own', slot: 3 }) },
  'an own carrier without slot': { code: 'PROTOCOL', says: /slot: undefined is not/, act: () => alive().opened(1, { carrier: 'own' }) },
  'an own carrier of a slot in use': { code: 'PROTOCOL', says: /slot: 9 is in use/, act: () => alive().opened(1, { carrier: 'own', slot: 9 }).opened(3, { carrier: 'own', slot: 9 }) },
  'answers that are asked for and not read': {
    code: 'LIMIT',
    says: /does not read them/,
    act: () => alive().send(...Array.from({ length: ANSWER_QUEUE_BYTES / 16 + 1 }, (_, index) => encodeNumbers('PING', 0, index))),
  },
};

/** A peer that has sent up to `end`, of which nothing was taken. */
function unread(end: number): HostilePeer {
  const peer = open();
  peer.reads = false;
  return peer.send(data(1, 2, end - 2));
}

const EXCHANGE_REFUSED: Readonly<Record<string, Case>> = {
  'channels before PROPERTY_EXCHANGE': { code: 'PROTOCOL', says: /CONNECTION_REQUEST with channel 1 on a carrier that is secured/, act: () => new HostilePeer('right').connect().opened(1) },
  'channels before the lists': {
    code: 'PROTOCOL',
    says: /CONNECTION_REQUEST with channel 1 on a carrier that is listing/,
    act: () => {
      const peer = new HostilePeer('right').connect();
      return peer.send(peer.properties()).opened(1);
    },
  },
  'a list before PROPERTY_EXCHANGE': { code: 'PROTOCOL', says: /SERVICE_DATA_RESUME on a carrier that is secured/, act: () => new HostilePeer('right').connect().send(resume(0, 0, 0)) },
  'a proof of another set-up': exchange({ proof: Buffer.alloc(32).toString('base64url') }, 'TAMPERED', /proof/),
  'another instance than in the set-up': exchange({ instance: Buffer.alloc(16).toString('base64url') }, 'TAMPERED', /instance/),
  'an association with somebody else': exchange({ peerInstance: Buffer.alloc(16).toString('base64url') }, 'PROTOCOL', /peerInstance: not ours/),
  'a channel twice in the list': listed(/channel 1 stands in the list twice/, resume(1, 0, 0), resume(1, 0, 0)),
  'a list with a wrong count': listed(/the list has 1 channels, its end says 2/, resume(1, 0, 0), resume(0, 2, 0)),
};

function exchange(changes: Parameters<HostilePeer['properties']>[0], code: string, says: RegExp): Case {
  return {
    code,
    says,
    act: () => {
      const peer = new HostilePeer('right').connect();
      return peer.send(peer.properties(changes));
    },
  };
}

function listed(says: RegExp, ...list: Buffer[]): Case {
  return {
    code: 'PROTOCOL',
    says,
    act: () => {
      const peer = new HostilePeer('right').connect();
      return peer.send(peer.properties(), ...list);
    },
  };
}

describe('a tunnel whose peer breaks the protocol', () => {
  describe('refuses', () => {
    for (const [title, { code, says, act }] of Object.entries({ ...REFUSED, ...EXCHANGE_REFUSED })) {
      it(title, () => {
        const { closed, tunnel } = act();
        expect(closed?.code, closed?.message).to.equal(code);
        const first = act().events.find((event) => event.type === 'carrier-closed');
        expect(first?.type === 'carrier-closed' && first.message).to.match(says);
        expect(tunnel.established).to.equal(false);
      });
    }

    it('a list that is longer than all that can be held', () => {
      const peer = new HostilePeer('right').connect();
      peer.send(peer.properties());
      peer.send(...Array.from({ length: 4 + 8 + 1024 }, (_, index) => resume(2 * index + 1, 0, 0)));
      expect(peer.closed).to.equal(undefined);
      peer.send(resume(100_001, 0, 0));
      expect(peer.closed).to.include({ code: 'LIMIT' });
    });

    it('another initialWindow than before', () => {
      const peer = new HostilePeer('right').alive();
      peer.connect(1);
      peer.send(peer.properties({ initialWindow: 20_001 }));
      expect(peer.closed?.message).to.match(/initialWindow: 20001, but it was 20000 before/);
    });

    it('a list from which a channel is missing that the peer has acknowledged', () => {
      const peer = opener().send(resume(2, 1, 20_000));
      peer.tunnel.handleLost(peer.carrier, peer.now);
      peer.connect();
      peer.send(peer.properties(), resume(0, 0, 0));
      expect(peer.closed?.message).to.match(/channel 2 is missing/);
    });

    it('a list that goes back', () => {
      const peer = opener().send(resume(2, 50, 20_000));
      peer.tunnel.handleLost(peer.carrier, peer.now);
      peer.connect();
      peer.send(peer.properties(), resume(2, 49, 20_000), resume(0, 1, 0));
      expect(peer.events.some((event) => event.type === 'carrier-closed' && /49, but 50 was acknowledged/.test(event.message))).to.equal(true);
    });
  });

  describe('goes on after', () => {
    const GOES_ON: Readonly<Record<string, () => HostilePeer>> = {
      'frames of a channel that has just ended': () => open().send(encodeJson('SERVICE_FREE_REQUEST', 1, { reason: 'reset' }), data(1, 2, 10), resume(1, 1, 30_000), encodeNumbers('SERVICE_DATA_PAUSE', 1, 5)),
      'SERVICE_FREE_REQUEST twice': () => open().send(encodeJson('SERVICE_FREE_REQUEST', 1, { reason: 'reset' }), encodeJson('SERVICE_FREE_REQUEST', 1, { reason: 'reset' })),
      'SERVICE_FREE_REQUEST of a channel whose request never came': () => alive().send(encodeJson('SERVICE_FREE_REQUEST', 5, { reason: 'reset' })),
      'a request that comes after its release, with all that follows it': () => alive().send(encodeJson('SERVICE_FREE_REQUEST', 1, { reason: 'reset' })).opened(1).send(data(1, 2, 10)),
      'data that came before': () => open().send(data(1, 2, 100), data(1, 50, 20)),
      'data of exactly the limit': () => unread(20_000),
      'END behind the limit': () => unread(20_000).send(data(1, 20_000, 0)),
      'a pause at a limit that nobody can reach': () => opener().send(encodeNumbers('SERVICE_DATA_PAUSE', 2, 2 ** 53 - 1)),
      'as many channels as allowed': () => alive().opened(1).opened(3).opened(5).opened(7),
      'as many answers as may wait': () => alive().send(...Array.from({ length: ANSWER_QUEUE_BYTES / 16 }, (_, index) => encodeNumbers('PING', 0, index))),
      'a datagram of nothing': () => alive().opened(1, { kind: 'datagram' }).send(encodeFrame('SERVICE_DATA', 1)),
    };
    for (const [title, act] of Object.entries(GOES_ON)) {
      it(title, () => {
        const peer = act();
        expect(peer.closed).to.equal(undefined);
        expect(peer.tunnel.established).to.equal(true);
      });
    }

    it('the release of an id that was never opened, which it answers each time', () => {
      const peer = alive();
      peer.answers();
      peer.send(encodeJson('SERVICE_FREE_REQUEST', 5, { reason: 'reset' }), encodeJson('SERVICE_FREE_REQUEST', 5, { reason: 'reset' }));
      expect(peer.answers().map(({ name }) => name)).to.deep.equal(['SERVICE_FREE_RESPONSE', 'SERVICE_FREE_RESPONSE']);
    });

    it('a release that crosses its own, which it answers too: its own may be lost with another carrier', () => {
      const peer = open();
      peer.tunnel.reset(peer.channels[0]!, { code: 'reset', message: '' }, peer.now);
      peer.answers();
      peer.send(encodeJson('SERVICE_FREE_REQUEST', 1, { reason: 'reset' }));
      expect(peer.answers()).to.deep.include({ name: 'SERVICE_FREE_RESPONSE', channel: 1, payload: Buffer.alloc(0) });
      expect([...peer.tunnel.channels]).to.have.length(0);
    });

    it('a channel that ended in the middle of a datagram: the next is whole', () => {
      const peer = alive().opened(1, { kind: 'datagram' }).opened(3, { kind: 'datagram' });
      peer.send(encodeFrame('SERVICE_DATA', 1, Buffer.alloc(100, 'a')).subarray(0, 50));
      peer.tunnel.reset(peer.channels[0]!, { code: 'done', message: '' }, peer.now);
      peer.send(Buffer.alloc(58, 'a'), encodeFrame('SERVICE_DATA', 3, Buffer.alloc(100, 'b')).subarray(0, 50), encodeFrame('SERVICE_DATA', 3, Buffer.alloc(100, 'b')).subarray(50));
      const datagrams = peer.events.filter((event) => event.type === 'data').map((event) => event.type === 'data' && event.bytes.toString());
      expect(datagrams).to.deep.equal(['b'.repeat(100)]);
    });

    it('a violation: the next carrier begins a new association', () => {
      const peer = open();
      const { instance } = peer.tunnel;
      peer.send(encodeFrame('SERVICE_FREE_RESPONSE', 1));
      expect(peer.tunnel.instance).to.not.equal(instance);
      expect([...peer.tunnel.channels]).to.have.length(0);
      expect(peer.events.filter(({ type }) => type === 'closed')).to.have.length(1);
    });
  });
});
