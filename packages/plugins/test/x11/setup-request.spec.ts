import { expect } from 'chai';
import { parseSetupRequest, setupFailure, SetupFault } from '../../src/x11/front/setup-request.js';

/** Of a client that shows `data` by `name`. */
function request(order: 'l' | 'B', name: string, data: Buffer): Buffer {
  const pad = (bytes: Buffer): Buffer => Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
  const numbers = [11, 0, name.length, data.length, 0].flatMap((value) => (order === 'l' ? [value & 0xff, value >> 8] : [value >> 8, value & 0xff]));
  return Buffer.concat([Buffer.from([order.charCodeAt(0), 0, ...numbers]), pad(Buffer.from(name)), pad(data)]);
}

const COOKIE = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex');

describe('plugins/x11, what a client says first', () => {
  for (const order of ['l', 'B'] as const) {
    it(`is understood in byte order ${order}, split anywhere`, () => {
      const bytes = request(order, 'MIT-MAGIC-COOKIE-1', COOKIE);
      for (let cut = 0; cut < bytes.length; cut += 1) expect(parseSetupRequest(bytes.subarray(0, cut)), String(cut)).to.equal(undefined);
      const { value, length } = parseSetupRequest(Buffer.concat([bytes, Buffer.from('more')])) ?? {};
      expect(length).to.equal(bytes.length);
      expect(value).to.deep.equal({ order: order === 'l' ? 'little' : 'big', name: 'MIT-MAGIC-COOKIE-1', data: COOKIE, bare: request(order, '', Buffer.alloc(0)) });
    });
  }

  it('may be without any authorization', () => {
    expect(parseSetupRequest(request('l', '', Buffer.alloc(0)))?.value.name).to.equal('');
  });

  it('is no X client with any other first byte', () => {
    expect(() => parseSetupRequest(Buffer.from('GET'))).to.throw(SetupFault, 'this is no X client: it does not begin with a byte order');
  });

  it('has an authorization of 256 bytes at most', () => {
    expect(parseSetupRequest(request('B', 'n'.repeat(256), Buffer.alloc(256)))?.value.data).to.have.length(256);
    for (const bytes of [request('B', 'n'.repeat(257), COOKIE), request('B', 'n', Buffer.alloc(257))]) {
      expect(() => parseSetupRequest(bytes.subarray(0, 12))).to.throw(SetupFault, /^an authorization of \d+ and \d+ bytes; a cookie has 16$/).with.property('order', 'big');
    }
  });
});

describe("plugins/x11, an X server's refusal", () => {
  it('is in the byte order of the client', () => {
    expect(setupFailure('little', 'no way').toString('hex')).to.equal(`00060b0000000200${Buffer.from('no way').toString('hex')}0000`);
    expect(setupFailure('big', 'no way').toString('hex')).to.equal(`0006000b00000002${Buffer.from('no way').toString('hex')}0000`);
  });

  it('has 255 bytes of reason at most', () => {
    const bytes = setupFailure('little', 'x'.repeat(300));
    expect([bytes.length, bytes[1], bytes.readUInt16LE(6)]).to.deep.equal([264, 255, 64]);
  });
});
