import { expect } from 'chai';
import { ChannelRefusal, type ChannelCode } from '@lstp/core';
import { REPLY_OF, voices } from '../../src/socks/socks-reply.js';

describe('plugins/socks, replies', () => {
  const CODES: Readonly<Record<ChannelCode, number>> = {
    done: 1, reset: 1, limit: 1, 'peer-restarted': 1, 'shutting-down': 1, internal: 1,
    denied: 2, 'unknown-service': 2, 'no-carrier': 3, unreachable: 4, 'name-not-found': 4, refused: 5, timeout: 6,
  };

  it('say of version 5 what became of the request', () => {
    expect(REPLY_OF).to.deep.equal(CODES);
    for (const [reason, code] of Object.entries(CODES)) {
      expect(voices[5].refused(new ChannelRefusal(reason as ChannelCode, ''))).to.deep.equal(Buffer.from([5, code, 0, 1, 0, 0, 0, 0, 0, 0]));
      expect(voices[4].refused(new ChannelRefusal(reason as ChannelCode, ''))).to.deep.equal(Buffer.from([0, 91, 0, 0, 0, 0, 0, 0]));
    }
  });

  it('tell the far end\'s address, IPv4, IPv6 and a name', () => {
    const said = (bound?: string): string | undefined => Buffer.from(voices[5].connected(bound === undefined ? {} : { bound }) ?? []).toString('hex');
    expect(said('192.0.2.7:80')).to.equal('05000001c00002070050');
    expect(said('[2001:db8::1]:443')).to.equal('0500000420010db800000000000000000000000101bb');
    expect(said('[::ffff:192.0.2.7]:80')).to.equal('05000001c00002070050');
    expect(said('a.b:1')).to.equal(`0500000303${Buffer.from('a.b').toString('hex')}0001`);
  });

  it('tell zeros where the far end says nothing that is an address', () => {
    for (const bound of [undefined, '', 'unix:/run/a.sock', '192.0.2.7', 'x:70000', '\u0000:1']) {
      expect(Buffer.from(voices[5].connected(bound === undefined ? {} : { bound }) ?? []).toString('hex')).to.equal('05000001000000000000');
      expect(Buffer.from(voices[4].connected(bound === undefined ? {} : { bound }) ?? []).toString('hex')).to.equal('005a000000000000');
    }
  });

  it('tell version 4 the address where it is one of IPv4', () => {
    expect(Buffer.from(voices[4].connected({ bound: '192.0.2.7:80' }) ?? []).toString('hex')).to.equal('005a0050c0000207');
    expect(Buffer.from(voices[4].connected({ bound: '[2001:db8::1]:80' }) ?? []).toString('hex')).to.equal('005a005000000000');
  });
});
