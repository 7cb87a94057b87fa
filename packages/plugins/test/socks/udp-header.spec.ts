import { expect } from 'chai';
import * as fc from 'fast-check';
import { encodeUdpHeader, parseUdpMessage } from '../../src/socks/udp-header.js';

describe('plugins/socks, the header of datagrams', () => {
  const hosts = fc.oneof(fc.ipV4(), fc.constantFrom('2001:db8::1', '::1', 'fe80::1:2'), fc.domain().filter((name) => name.length < 256));

  it('is read as it was written, whatever follows', () => {
    fc.assert(
      fc.property(hosts, fc.integer({ min: 1, max: 65_535 }), fc.uint8Array({ maxLength: 100 }), (host, port, payload) => {
        const parsed = parseUdpMessage(Buffer.concat([encodeUdpHeader({ host, port }), payload]));
        expect(parsed).to.deep.equal({ target: { host, port }, payload: Buffer.from(payload) });
      }),
    );
  });

  it('has the bytes of RFC 1928, section 7', () => {
    expect(encodeUdpHeader({ host: '192.0.2.7', port: 53 }).toString('hex')).to.equal('00000001c00002070035');
  });

  for (const [what, bytes] of [
    ['a fragment', '00000101c00002070035'], ['the last of several fragments', '00008101c00002070035'], ['bytes that must be zero and are not', '01000001c00002070035'],
    ['port 0', '00000001c00002070000'], ['no such type of address', '00000002c00002070035'], ['a name of no bytes', '00000003000035'], ['a name that is none', '0000000301200035'],
  ] as const) it(`makes a datagram one to drop: ${what}`, () => expect(parseUdpMessage(Buffer.from(bytes, 'hex'))).to.equal(undefined));

  it('makes one to drop that is cut anywhere', () => {
    for (const host of ['192.0.2.7', '2001:db8::1', 'build.acme']) {
      const header = encodeUdpHeader({ host, port: 53 });
      for (const length of header.keys()) expect(parseUdpMessage(header.subarray(0, length)), `${host}, ${length} bytes`).to.equal(undefined);
    }
  });

  it('is read or dropped, whatever bytes come', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => void parseUdpMessage(Buffer.from([0, 0, 0, ...bytes]))), { numRuns: 2000 });
  });
});
