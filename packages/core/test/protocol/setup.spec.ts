import { expect } from 'chai';
import { ProtocolError, type WireCode } from '../../src/protocol/error.js';
import { SETUP_BYTES, TOPOLOGY_ENTRIES } from '../../src/protocol/limits.js';
import { checkPeerSetup } from '../../src/protocol/peer-check.js';
import { isGreaterAttempt, isMutual, parseSetup, topologyOf, type OwnSetup } from '../../src/protocol/setup.js';
import { appendMiddleEntry, makeEndEntry } from '../../src/protocol/topology.js';
import { namedSigner } from '../../src/testing/index.js';
import { append, crypto, endSetup, expectation, forwarded, keyOf, wayThrough } from './support/way.js';

/** Runs `act`, which must throw a ProtocolError of `code` whose message has `words`. */
function refuses(code: WireCode, words: string, act: () => unknown): void {
  expect(act).to.throw(ProtocolError, words).with.property('wireCode', code);
}

describe('protocol/setup', () => {
  for (const middles of [0, 1, 2, 3]) {
    it(`is believed by both ends when ${middles} honest middles forwarded it`, () => {
      const { names, left, right, atLeft, atRight } = wayThrough(middles);
      const seenByLeft = checkPeerSetup(left, atLeft, expectation(names, 'left'));
      const seenByRight = checkPeerSetup(right, atRight, expectation(names, 'right'));
      expect(seenByLeft.nodes.map(({ node }) => node)).to.deep.equal(names);
      expect(seenByRight.nodes).to.deep.equal(seenByLeft.nodes);
      expect(seenByLeft.nodes.every(({ verified }) => verified)).to.equal(true);
      expect(seenByLeft.version).to.equal(1);
    });
  }

  it('shows a middle whose key the own file does not pin as a claim', () => {
    const { names, right, atRight } = wayThrough(2);
    const expected = expectation(names, 'right');
    const route = expected.route.map((pin) => (pin.node === 'east' ? { node: 'east', keys: [] } : pin));
    const { nodes } = checkPeerSetup(right, atRight, { ...expected, route });
    expect(nodes.map(({ verified }) => verified)).to.deep.equal([true, true, false, true]);
    expect(nodes[2]).to.include({ node: 'east', key: keyOf('east'), kind: 'middle', address: 'east.example.net:7070' });
  });

  it('takes any of several keys pinned for one node', () => {
    const { names, right, atRight } = wayThrough(1);
    const expected = expectation(names, 'right');
    const route = expected.route.map(({ node, keys }) => ({ node, keys: [keyOf(`${node} of next year`), ...keys] }));
    expect(checkPeerSetup(right, atRight, { ...expected, route, keys: [keyOf('desk of next year'), keyOf('desk')] }).nodes).to.have.length(3);
  });

  describe('refuses, before PASS_THROUGH,', () => {
    const { names, right } = wayThrough(2);
    const check = (own: OwnSetup, from = own.cu, topology = forwarded(own, names).topology) => () =>
      checkPeerSetup(right, parseSetup(from, topology), expectation(names, 'right'));
    const desk = (members: Parameters<typeof endSetup>[1] | object) => endSetup('desk', { side: 'left', peers: [keyOf('lab')], ...members });

    it('an end whose key is not pinned', () => {
      refuses('TAMPERED', 'COMMONUNIQUE_INFO.key: not pinned', check(endSetup('mallory', { side: 'left', peers: [keyOf('lab')] })));
    });

    it('another common name, slot or alternative', () => {
      refuses('TAMPERED', 'COMMONUNIQUE_INFO.common', check(desk({ common: Buffer.alloc(32).toString('base64url') })));
      refuses('TAMPERED', 'COMMONUNIQUE_INFO.slot: 1 instead of 0', check(desk({ slot: 1 })));
      refuses('TAMPERED', 'COMMONUNIQUE_INFO.alt: 2 instead of 0', check(desk({ alt: 2 })));
    });

    it('an end of its own side', () => {
      refuses('TAMPERED', 'both ends say right', check(desk({ side: 'right' })));
    });

    it('an end that wants another peer', () => {
      refuses('TAMPERED', 'COMMONUNIQUE_INFO.peers', check(desk({ peers: [keyOf('elsewhere')] })));
    });

    it('its own nonce', () => {
      const mirrored = { ...wayThrough(2).left };
      const own = { ...right, info: { ...right.info, nonce: mirrored.info.nonce } };
      refuses('TAMPERED', 'nonce', () => checkPeerSetup(own, forwarded(mirrored, names), expectation(names, 'right')));
    });

    it('an end with no version in common, and says so', () => {
      refuses('VERSION', '7, but 1 is spoken here', check(desk({ versions: [7] })));
    });

    it('a COMMONUNIQUE_INFO that entry 0 was not signed with', () => {
      const own = desk({});
      const edited = Buffer.from(own.cu.toString().replace('"attempt":1', '"attempt":2'));
      refuses('TAMPERED', 'TOPOLOGY_EXCHANGE entry 0: its signature', check(own, edited));
    });

    it('an entry moved, left out, repeated or edited, naming it', () => {
      const own = desk({});
      const { entries } = topologyOf(forwarded(own, names));
      const [end, west, east] = entries.map(({ raw }) => raw) as [Buffer, Buffer, Buffer];
      refuses('TAMPERED', 'entry 1: its signature', check(own, own.cu, Buffer.concat([end, east, west])));
      refuses('TAMPERED', 'entry 1: its signature', check(own, own.cu, Buffer.concat([end, east])));
      refuses('TAMPERED', 'entry 2: its signature', check(own, own.cu, Buffer.concat([end, west, west, east])));
      const renamed = Buffer.from(west.toString('latin1').replace('west.example.net', 'evil.example.net'), 'latin1');
      refuses('TAMPERED', 'entry 1: its signature', check(own, own.cu, Buffer.concat([end, renamed, east])));
    });

    it('a list whose links do not close', () => {
      const own = desk({});
      const skipping = append(append(own.entry, own.cu, { names: ['desk', 'west', 'far', 'lab'], at: 1 }), own.cu, { names, at: 2 });
      refuses('TAMPERED', 'entry 1 (west).to: not the key of entry 2', check(own, own.cu, skipping));
      const foreign = append(append(own.entry, own.cu, { names, at: 1 }), own.cu, { names: ['desk', 'far', 'east', 'lab'], at: 2 });
      refuses('TAMPERED', 'entry 2 (east).from: not the key of entry 1', check(own, own.cu, foreign));
      const elsewhere = append(append(own.entry, own.cu, { names, at: 1 }), own.cu, { names: ['desk', 'west', 'east', 'other'], at: 2 });
      refuses('TAMPERED', 'entry 2 (east).to: not the key of this end', check(own, own.cu, elsewhere));
    });

    it('a list that ends at another node than the neighbour', () => {
      const own = desk({});
      const expected = { ...expectation(names, 'right'), neighbour: keyOf('far') };
      refuses('TAMPERED', 'not that of the neighbour', () => checkPeerSetup(right, forwarded(own, names), expected));
    });

    it('another way than the one declared', () => {
      const own = desk({});
      const shorter = ['desk', 'east', 'lab'];
      refuses('TAMPERED', '2 entries, but 3 nodes', () => checkPeerSetup(right, forwarded(own, shorter), expectation(names, 'right')));
      const other = ['desk', 'far', 'east', 'lab'];
      refuses('TAMPERED', 'entry 1 (far).key: not pinned for west', () => checkPeerSetup(right, forwarded(own, other), expectation(names, 'right')));
    });
  });

  describe('TOPOLOGY_EXCHANGE', () => {
    const { left } = wayThrough(0);
    const line = Array.from({ length: TOPOLOGY_ENTRIES + 2 }, (_, index) => (index === 0 ? 'desk' : `m${index}`));

    it('holds 32 entries and no more', () => {
      let topology: Buffer = left.entry;
      for (let at = 1; at < TOPOLOGY_ENTRIES; at++) topology = append(topology, left.cu, { names: line, at });
      expect(topologyOf(parseSetup(left.cu, topology)).entries).to.have.length(TOPOLOGY_ENTRIES);
      refuses('LIMIT', '32 entries already', () => append(topology, left.cu, { names: line, at: TOPOLOGY_ENTRIES }));
      refuses('LIMIT', 'more than 32', () => parseSetup(left.cu, Buffer.concat([topology, left.entry])));
    });

    it('never grows beyond a set-up frame', () => {
      const body = { node: 'west', key: keyOf('west'), address: '', from: keyOf('desk'), to: keyOf('lab') };
      const padded = makeEndEntry({ node: 'desk', key: keyOf('desk') }, left.cu, { crypto, signer: namedSigner('desk') });
      const big = Buffer.concat([padded, Buffer.alloc(SETUP_BYTES - 2 * padded.length)]);
      big.writeUInt32BE(big.length - padded.length - 68, padded.length);
      refuses('LIMIT', 'beyond 16384 bytes', () => appendMiddleEntry(big, body, { cu: left.cu, crypto, signer: namedSigner('west') }));
    });

    it('refuses a list that is empty, cut or not of entries', () => {
      refuses('PROTOCOL', 'empty', () => parseSetup(left.cu, Buffer.alloc(0)));
      for (let length = 1; length < left.entry.length; length++) {
        expect(() => parseSetup(left.cu, left.entry.subarray(0, length)), String(length)).to.throw(ProtocolError);
      }
      refuses('PROTOCOL', 'goes beyond', () => parseSetup(left.cu, Buffer.from('ffffffff00', 'hex')));
    });

    it('refuses an entry 0 of another end than COMMONUNIQUE_INFO', () => {
      const { right } = wayThrough(0);
      refuses('TAMPERED', 'entry 0: key', () => parseSetup(left.cu, right.entry));
    });
  });

  it('keeps its own copies of what it parsed', () => {
    const { left } = wayThrough(0);
    const cu = Buffer.from(left.cu);
    const setup = parseSetup(cu, left.entry);
    cu.fill(0);
    expect(setup.cu).to.deep.equal(left.cu);
  });

  it('pairs only ends that want each other', () => {
    const desk = { key: keyOf('desk'), peers: [keyOf('lab')] };
    const lab = { key: keyOf('lab'), peers: [keyOf('old desk'), keyOf('desk')] };
    expect(isMutual(desk, lab)).to.equal(true);
    expect(isMutual(desk, { ...lab, peers: [keyOf('old desk')] })).to.equal(false);
    expect(isMutual({ ...desk, peers: [] }, lab)).to.equal(false);
  });

  it('chooses of two carriers by epoch left, epoch right, attempt left, attempt right', () => {
    const pair = (numbers: readonly [number, number, number, number]) => ({
      left: { epoch: numbers[0], attempt: numbers[2] },
      right: { epoch: numbers[1], attempt: numbers[3] },
    });
    const ascending = ([[1, 1, 9, 9], [1, 2, 1, 1], [1, 2, 1, 2], [1, 2, 2, 1], [2, 1, 1, 1]] as const).map(pair);
    ascending.forEach((a, i) => ascending.forEach((b, j) => expect(isGreaterAttempt(a, b)).to.equal(i > j)));
  });
});
