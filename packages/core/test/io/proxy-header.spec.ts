import { expect } from 'chai';
import { parseProxyHeader } from '../../src/io/proxy-header.js';

const SIGNATURE = '0d0a0d0a000d0a515549540a';
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');
const V4 = hex(`${SIGNATURE} 21 11 000c cb007107 0a000001 9c40 1b9e`);
const V6 = hex(`${SIGNATURE} 21 21 0024 20010db8000000000000000000000007 20010db8000000000000000000000001 9c40 1b9e`);

describe('io/proxy-header', () => {
  it('gives the source of a connection over IPv4 and over IPv6', () => {
    expect(parseProxyHeader(V4)).to.deep.equal({ source: { address: '203.0.113.7', port: 40_000 }, length: 28 });
    expect(parseProxyHeader(V6)).to.deep.equal({ source: { address: '2001:db8:0:0:0:0:0:7', port: 40_000 }, length: 52 });
  });

  it('gives an IPv4 address that comes as one of IPv6 as such, so that each counts for itself', () => {
    const mapped = hex(`${SIGNATURE} 21 21 0024 00000000000000000000ffffcb007107 00000000000000000000ffff0a000001 9c40 1b9e`);
    expect(parseProxyHeader(mapped)?.source).to.deep.equal({ address: '203.0.113.7', port: 40_000 });
  });

  it('wants more until the last byte is there, and takes no byte behind it', () => {
    for (let length = 0; length < V4.length; length += 1) expect(parseProxyHeader(V4.subarray(0, length)), `${length} bytes`).to.equal(undefined);
    expect(parseProxyHeader(Buffer.concat([V4, Buffer.from('leg')]))?.length).to.equal(28);
  });

  it('passes over the fields that a balancer adds', () => {
    expect(parseProxyHeader(hex(`${SIGNATURE} 21 11 0011 cb007107 0a000001 9c40 1b9e 0400026869`))?.length).to.equal(33);
  });

  it("has no source for the balancer's own connections", () => {
    expect(parseProxyHeader(hex(`${SIGNATURE} 20 00 0000`))).to.deep.equal({ source: undefined, length: 16 });
  });

  it('has no source where the balancer does not know it', () => {
    expect(parseProxyHeader(hex(`${SIGNATURE} 21 00 0003 040000`))).to.deep.equal({ source: undefined, length: 19 });
  });

  it('says what came that is none', () => {
    expect(() => parseProxyHeader(Buffer.from('PROXY TCP4 203.0.113.7 10.0.0.1 1 2\r\n'))).to.throw('version 1; let the load balancer send version 2');
    expect(() => parseProxyHeader(Buffer.from('GET / HTTP/1.1'))).to.throw('no PROXY header');
    expect(() => parseProxyHeader(hex(`${SIGNATURE} 31 11 000c`))).to.throw('version or command 0x31');
    expect(() => parseProxyHeader(hex(`${SIGNATURE} 21 31 000c cb007107 0a000001 9c40 1b9e`))).to.throw('family 0x31');
    expect(() => parseProxyHeader(hex(`${SIGNATURE} 21 11 0004 cb007107`))).to.throw('family 0x11 and 4 bytes');
    expect(() => parseProxyHeader(hex(`${SIGNATURE} 21 11 fff0`))).to.throw('65536 bytes; at most 4096');
  });
});
