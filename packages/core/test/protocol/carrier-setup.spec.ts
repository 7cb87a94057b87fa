import { expect } from 'chai';
import { lengthPrefixed } from '../../src/protocol/bytes.js';
import { CarrierSetup, type CarrierIdentity } from '../../src/protocol/carrier-setup.js';
import { ProtocolError } from '../../src/protocol/error.js';
import { FrameReader, type Frame } from '../../src/protocol/frame.js';
import { checkPeerSetup } from '../../src/protocol/peer-check.js';
import { type ClearSetup, type OwnSetup } from '../../src/protocol/setup.js';
import { crypto, endSetup, expectation, forwarded, keyOf, wayThrough, type Way } from './support/way.js';

const SECRET = Buffer.alloc(32, 7);

function ends({ names, left, right, atLeft, atRight }: Way): { left: CarrierSetup; right: CarrierSetup } {
  return {
    left: new CarrierSetup(left, checkPeerSetup(left, atLeft, expectation(names, 'left')), crypto),
    right: new CarrierSetup(right, checkPeerSetup(right, atRight, expectation(names, 'right')), crypto),
  };
}

/** Both frames of `from`, taken by `to`. */
function take(to: CarrierSetup, from: Buffer): CarrierIdentity {
  const [cu, topology] = framesOf(from);
  expect(to.handleFrame(cu)).to.equal(undefined);
  return to.handleFrame(topology) as CarrierIdentity;
}

function framesOf(bytes: Buffer): [Frame, Frame] {
  const reader = new FrameReader('carrier');
  reader.push(bytes);
  return [reader.next() as Frame, reader.next() as Frame];
}

describe('protocol/carrier-setup', () => {
  for (const middles of [0, 1, 3]) {
    it(`gives both ends one identity over ${middles} middles`, () => {
      const { left, right } = ends(wayThrough(middles));
      const atLeft = take(left, right.frames());
      const atRight = take(right, left.frames());
      expect(atLeft.id).to.equal(atRight.id);
      expect(atLeft.transcript).to.deep.equal(atRight.transcript);
      expect(atLeft.nodes).to.deep.equal(atRight.nodes);
      expect(Buffer.from(atLeft.id, 'base64url')).to.have.length(16);
    });
  }

  it('proves that both saw one set-up inside one TLS session, each for its side', () => {
    const { left, right } = ends(wayThrough(1));
    const [atLeft, atRight] = [take(left, right.frames()), take(right, left.frames())];
    const [factsLeft, factsRight] = [atLeft.facts(SECRET), atRight.facts(SECRET)];
    expect(factsLeft.checkProof(factsRight.proof)).to.equal(true);
    expect(factsRight.checkProof(factsLeft.proof)).to.equal(true);
    expect(factsLeft.checkProof(factsLeft.proof), 'of the same side').to.equal(false);
    expect(atLeft.facts(Buffer.alloc(32, 8)).checkProof(factsRight.proof), 'for another TLS session').to.equal(false);
    expect(factsLeft.checkProof(''), 'empty').to.equal(false);
  });

  it('gives the tunnel what both ends said, the same at both where it is of both', () => {
    const { left, right } = ends(wayThrough(1));
    const [atLeft, atRight] = [take(left, right.frames()).facts(SECRET), take(right, left.frames()).facts(SECRET)];
    expect(atLeft.rank).to.deep.equal(atRight.rank);
    expect([atLeft.id, atLeft.slot, atLeft.pingMs]).to.deep.equal([atRight.id, atRight.slot, atRight.pingMs]);
    expect([atLeft.instance, atLeft.peerInstance]).to.deep.equal([atRight.peerInstance, atRight.instance]);
  });

  it('gives two attempts different identities', () => {
    const first = ends(wayThrough(1));
    const second = ends(wayThrough(1));
    expect(take(first.left, first.right.frames()).id).to.not.equal(take(second.left, second.right.frames()).id);
  });

  describe('finds and names what a lying middle changed:', () => {
    const way = wayThrough(1);
    const desk = { side: 'left' as const, peers: [keyOf('lab')] };
    /** The right end got `old` in clear where the left end has `now`. */
    function lied(now: OwnSetup, old: OwnSetup, received: ClearSetup = way.atLeft): () => void {
      const right = new CarrierSetup(way.right, checkPeerSetup(way.right, forwarded(old, way.names), expectation(way.names, 'right')), crypto);
      const left = new CarrierSetup(now, checkPeerSetup(now, received, expectation(way.names, 'left')), crypto);
      return () => take(right, left.frames());
    }

    it('an older set-up of the same end played back', () => {
      const old = endSetup('desk', { ...desk, attempt: 1 });
      expect(lied(endSetup('desk', { ...desk, attempt: 2 }), old)).to.throw(ProtocolError, 'COMMONUNIQUE_INFO.').with.property('wireCode', 'TAMPERED');
      expect(lied({ ...way.left, cu: Buffer.from(way.left.cu.toString().replace('"pingMs":15000', '"pingMs":99000')) }, way.left)).to.throw('COMMONUNIQUE_INFO.pingMs');
    });

    it('our own entry, as the peer received it', () => {
      const { right } = ends(way);
      const [cu, topology] = framesOf(ends(way).left.frames());
      right.handleFrame(cu);
      const other = forwarded(endSetup('lab', { side: 'right', peers: [keyOf('desk')] }), way.names.toReversed());
      const payload = Buffer.concat([lengthPrefixed(way.left.entry), lengthPrefixed(other.topology)]);
      expect(() => right.handleFrame({ ...topology, payload })).to.throw(ProtocolError, 'the peer received another one than this end sent');
    });

    it('entry 0 inside TLS that is not the one in clear', () => {
      const { right } = ends(way);
      const [cu, topology] = framesOf(ends(way).left.frames());
      right.handleFrame(cu);
      const payload = Buffer.concat([lengthPrefixed(way.right.entry), lengthPrefixed(way.atLeft.topology)]);
      expect(() => right.handleFrame({ ...topology, payload })).to.throw(ProtocolError, 'entry 0: in clear');
    });

    it('middles that the two lists do not share', () => {
      const right = ends(way).right;
      const [cu, topology] = framesOf(ends(way).left.frames());
      right.handleFrame(cu);
      const elsewhere = forwarded(way.right, ['lab', 'south', 'desk']);
      const payload = Buffer.concat([lengthPrefixed(way.left.entry), lengthPrefixed(elsewhere.topology)]);
      expect(() => right.handleFrame({ ...topology, payload })).to.throw(ProtocolError, 'entry 1: key is not on the way');
    });
  });

  describe('takes the two frames in order, once, on channel 0:', () => {
    const code = 'PROTOCOL';
    it('TOPOLOGY_EXCHANGE first', () => {
      const { left, right } = ends(wayThrough(1));
      expect(() => left.handleFrame(framesOf(right.frames())[1])).to.throw(ProtocolError, 'COMMONUNIQUE_INFO was expected').with.property('wireCode', code);
    });

    it('COMMONUNIQUE_INFO twice, or after both', () => {
      const { left, right } = ends(wayThrough(1));
      const [cu, topology] = framesOf(right.frames());
      left.handleFrame(cu);
      expect(() => left.handleFrame(cu)).to.throw(ProtocolError, 'TOPOLOGY_EXCHANGE was expected');
      left.handleFrame(topology);
      expect(() => left.handleFrame(cu)).to.throw(ProtocolError, 'set-up is over');
    });

    it('another channel, an empty payload, bytes behind the list', () => {
      const { left, right } = ends(wayThrough(1));
      const [cu, topology] = framesOf(right.frames());
      expect(() => left.handleFrame({ ...cu, channel: 1 })).to.throw(ProtocolError, 'on channel 1');
      left.handleFrame(cu);
      expect(() => left.handleFrame({ ...topology, payload: Buffer.alloc(0) })).to.throw(ProtocolError, 'ends inside a length');
      expect(() => left.handleFrame({ ...topology, payload: Buffer.concat([topology.payload, Buffer.alloc(1)]) })).to.throw(ProtocolError, 'bytes behind');
    });
  });

  it('has no identity before the second frame', () => {
    const { left, right } = ends(wayThrough(0));
    expect(left.identity).to.equal(undefined);
    const identity = take(left, right.frames());
    expect(left.identity).to.equal(identity);
  });
});
