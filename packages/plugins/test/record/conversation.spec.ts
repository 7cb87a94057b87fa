import { expect } from 'chai';
import type { ChannelFacts } from '@lstp/core';
import { Conversation } from '../../src/record/conversation.js';
import type { Segment } from '../../src/record/ip-packet.js';

const FACTS: ChannelFacts = { id: '1', kind: 'stream', role: 'front', source: '10.0.0.7:40000', target: '10.0.0.9:443' };

describe('plugins/record: a conversation', () => {
  function record(facts: ChannelFacts, refuse: (packet: number) => boolean = () => false) {
    const packets: { segment: Segment; comment: string | undefined }[] = [];
    let number = 0;
    const conversation = new Conversation(facts, {
      number: 5,
      emit: (segment, comment) => {
        if (refuse(number++)) return false;
        packets.push({ segment: { ...segment, payload: Uint8Array.from(segment.payload) }, comment });
        return true;
      },
    });
    return { conversation, packets };
  }

  const lines = (packets: readonly { segment: Segment }[]) => packets.map(({ segment: { from, payload, tcp } }) => [from.port, tcp?.flags, tcp?.seq, tcp?.ack, payload.length]);

  it('opens, counts both directions, and closes as TCP does', () => {
    const { conversation, packets } = record(FACTS);
    conversation.open('hello');
    conversation.data('client', Buffer.from('12345'));
    conversation.data('server', Buffer.from('123'));
    conversation.close('done');
    expect(lines(packets)).to.deep.equal([
      [40_000, 0x02, 0, 0, 0],
      [443, 0x12, 0, 1, 0],
      [40_000, 0x10, 1, 1, 0],
      [40_000, 0x18, 1, 1, 5],
      [443, 0x18, 1, 6, 3],
      [40_000, 0x11, 6, 4, 0],
      [443, 0x11, 4, 7, 0],
      [40_000, 0x10, 7, 5, 0],
    ]);
    expect(packets[0]?.comment).to.equal('hello');
  });

  it('leaves a hole where a packet was not taken, and says how large it is', () => {
    const { conversation, packets } = record(FACTS, (packet) => packet === 3 || packet === 4);
    conversation.open('');
    for (const text of ['12345', '678', '9']) conversation.data('client', Buffer.from(text));
    expect(lines(packets).at(-1)).to.deep.equal([40_000, 0x18, 9, 1, 1]);
    expect(packets.at(-1)?.comment).to.equal('lstp: 8 bytes before this were not recorded');
    conversation.data('client', Buffer.from('x'));
    expect(packets.at(-1)?.comment).to.equal(undefined);
  });

  it('cuts what is too long for a packet', () => {
    const { conversation, packets } = record(FACTS);
    conversation.data('server', Buffer.alloc(150_000));
    expect(packets.map(({ segment }) => segment.payload.length)).to.deep.equal([61_440, 61_440, 27_120]);
  });

  it('ends with a reset, and why, where the channel did', () => {
    const { conversation, packets } = record(FACTS);
    conversation.close('no-carrier');
    expect([lines(packets)[0]?.[1], packets[0]?.comment]).to.deep.equal([0x14, 'lstp: no-carrier']);
  });

  it('takes addresses that are not known from the networks for documentation, and both of one kind', () => {
    const hosts = (facts: Partial<ChannelFacts>) => {
      const { conversation, packets } = record({ id: '1', kind: 'datagram', role: 'front', ...facts });
      conversation.data('client', Buffer.of(1));
      const [first] = packets;
      return (first === undefined ? [] : [first.segment.from, first.segment.to]).map(({ address, port }) => `${address.toString('hex')}:${port}`);
    };
    expect(hosts({})).to.deep.equal(['c0000201:1029', 'c6336401:9']);
    expect(hosts({ target: 'www.acme:443' })).to.deep.equal(['c0000201:1029', 'c6336401:443']);
    expect(hosts({ source: '[fd00::1:7]:5', target: '10.0.0.9:443' })).to.deep.equal(['fd000000000000000000000000010007:5', '00000000000000000000ffff0a000009:443']);
    expect(hosts({ source: '[::ffff:10.0.0.9]:1' })[0]).to.equal('00000000000000000000ffff0a000009:1');
  });
});
