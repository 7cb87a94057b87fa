import { expect } from 'chai';
import { proxyHeader } from '../../src/forward/proxy-header.js';

const SIGNATURE = '0d0a0d0a000d0a515549540a';

describe('plugins/forward, PROXY header', () => {
  const v4 = { source: '192.0.2.7:40000', destination: { host: '10.1.0.1', port: 443 } };
  const v6 = { source: '[2001:db8::7]:40000', destination: { host: '2001:db8::1', port: 443 } };

  it('of version 1 is a line of text', () => {
    expect(proxyHeader('v1', v4).toString()).to.equal('PROXY TCP4 192.0.2.7 10.1.0.1 40000 443\r\n');
    expect(proxyHeader('v1', v6).toString()).to.equal('PROXY TCP6 2001:db8:0:0:0:0:0:7 2001:db8:0:0:0:0:0:1 40000 443\r\n');
    expect(proxyHeader('v1', { source: undefined, destination: v4.destination }).toString()).to.equal('PROXY UNKNOWN\r\n');
  });

  it('of version 2 is signature, command, family, length, addresses, ports', () => {
    expect(proxyHeader('v2', v4).toString('hex')).to.equal(`${SIGNATURE}2111000cc00002070a0100019c4001bb`);
    expect(proxyHeader('v2', v6).toString('hex')).to.equal(`${SIGNATURE}2121002420010db800000000000000000000000720010db80000000000000000000000019c4001bb`);
    expect(proxyHeader('v2', { source: undefined, destination: undefined }).toString('hex')).to.equal(`${SIGNATURE}21000000`);
  });

  it('has both addresses in IPv6 where one is', () => {
    expect(proxyHeader('v1', { ...v4, destination: v6.destination }).toString()).to.equal('PROXY TCP6 ::ffff:192.0.2.7 2001:db8:0:0:0:0:0:1 40000 443\r\n');
    expect(proxyHeader('v2', { ...v4, destination: v6.destination }).toString('hex')).to.match(/^[0-9a-f]{24}2121002400000000000000000000ffffc0000207/);
  });

  it('shows the client where the server has no address', () => {
    expect(proxyHeader('v1', { ...v4, destination: undefined }).toString()).to.equal('PROXY TCP4 192.0.2.7 0.0.0.0 40000 0\r\n');
  });

  it('says unknown of what is no address', () => {
    for (const source of ['x:1', 'a b', '1.2.3.4', '1.2.3.4:99999', '1.2.3.4:5\r\nX: y']) expect(proxyHeader('v1', { ...v4, source }).toString()).to.equal('PROXY UNKNOWN\r\n');
  });
});
