import { expect } from 'chai';
import { exchangesOf, type Exchange } from '../src/traffic/proxy-handshake.js';

const TARGET = 0x1f90;

function exchangeOf(speaks: 'socks' | 'http-proxy', index: number): Exchange {
  const exchange = exchangesOf({ speaks, target: TARGET })[index];
  if (exchange === undefined) throw new Error(`no exchange ${index}`);
  return exchange;
}

/** The answer's length is told when it is whole, not before, and without what follows it. */
function expectWhole({ answerLength }: Exchange, answer: Buffer): void {
  for (let length = 0; length < answer.length; length += 1) expect(answerLength(answer.subarray(0, length)), `${length} bytes`).to.equal(undefined);
  expect(answerLength(answer)).to.equal(answer.length);
  expect(answerLength(Buffer.concat([answer, Buffer.of(1, 2, 3)]))).to.equal(answer.length);
}

describe('proxy handshake', () => {
  it('says to a SOCKS 5 server: no authentication, then CONNECT', () => {
    expect(exchangesOf({ speaks: 'socks', target: TARGET }).map(({ say }) => say.toString('hex'))).to.deep.equal(['050100', '050100017f0000011f90']);
  });

  it('knows where the answers of a SOCKS 5 server end', () => {
    expectWhole(exchangeOf('socks', 0), Buffer.of(5, 0));
    expectWhole(exchangeOf('socks', 1), Buffer.concat([Buffer.of(5, 0, 0, 1), Buffer.alloc(6)]));
    expectWhole(exchangeOf('socks', 1), Buffer.concat([Buffer.of(5, 0, 0, 4), Buffer.alloc(18)]));
  });

  it('tells which answer of a SOCKS 5 server is no', () => {
    expect(() => exchangeOf('socks', 0).answerLength(Buffer.of(5, 0xff))).to.throw('method 255');
    expect(() => exchangeOf('socks', 1).answerLength(Buffer.of(5, 2, 0, 1))).to.throw('reply 2');
    expect(() => exchangeOf('socks', 1).answerLength(Buffer.of(5, 0, 0, 3))).to.throw('type 3');
  });

  it('asks an HTTP proxy to CONNECT, and knows where its answer ends', () => {
    const [exchange] = exchangesOf({ speaks: 'http-proxy', target: TARGET });
    expect(exchange?.say.toString()).to.equal('CONNECT 127.0.0.1:8080 HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n');
    expectWhole(exchangeOf('http-proxy', 0), Buffer.from('HTTP/1.1 200 Connection established\r\nVia: 1.1 x\r\n\r\n'));
  });

  it('tells what an HTTP proxy says instead of yes', () => {
    expect(() => exchangeOf('http-proxy', 0).answerLength(Buffer.from('HTTP/1.1 403 Forbidden\r\n\r\n'))).to.throw("'HTTP/1.1 403 Forbidden' instead of a 2xx");
  });
});
