import { expect } from 'chai';
import { CHANNEL_CODES, ChannelRefusal } from '@lstp/core';
import * as fc from 'fast-check';
import { ChunkDecoder } from '../../src/http-proxy/chunk-decoder.js';
import { endToEndFields } from '../../src/http-proxy/end-to-end.js';
import { HttpFault } from '../../src/http-proxy/http-fault.js';
import { formatHead, parseHead } from '../../src/http-proxy/message-head.js';
import { answerOf, faultOf } from '../../src/http-proxy/proxy-answer.js';
import { parseRequest } from '../../src/http-proxy/request-target.js';

/** The status that a request with this first line is answered with at once, or what is made of it. */
function outcome(startLine: string): unknown {
  try {
    const { target, origin } = parseRequest({ startLine, fields: [] });
    return origin === undefined ? target : `${target} ${origin.authority} ${origin.path}`;
  } catch (error) {
    return error instanceof HttpFault ? error.status : error;
  }
}

/** All that a decoder gives of `pieces`, and what came behind the content. */
function decoded(pieces: readonly Buffer[]): { readonly content: string; readonly rest: string } {
  const decoder = new ChunkDecoder();
  const data: Buffer[] = [];
  const behind: Buffer[] = [];
  let isOver = false;
  for (const piece of pieces) {
    if (isOver) {
      behind.push(piece);
      continue;
    }
    const part = decoder.decode(piece);
    data.push(...part.data);
    if (part.rest !== undefined) behind.push(part.rest);
    isOver = part.rest !== undefined;
  }
  return { content: Buffer.concat(data).toString('latin1'), rest: Buffer.concat(behind).toString('latin1') };
}

describe('plugins/http-proxy, messages', () => {
  it('say where they go', () => {
    expect(outcome('GET http://www.acme HTTP/1.1')).to.equal('www.acme:80 www.acme /');
    expect(outcome('GET http://www.acme:/?a HTTP/1.1')).to.equal('www.acme:80 www.acme: /?a');
    expect(outcome('GET http://www.acme?a=b HTTP/1.1')).to.equal('www.acme:80 www.acme /?a=b');
    expect(outcome('GET HTTP://WWW.Acme:8080/X HTTP/1.1')).to.equal('www.acme:8080 WWW.Acme:8080 /X');
    expect(outcome('GET http://[2001:db8::1]/ HTTP/1.0')).to.equal('[2001:db8::1]:80 [2001:db8::1] /');
    expect(outcome('OPTIONS http://www.acme HTTP/1.1')).to.equal('www.acme:80 www.acme *');
    expect(outcome('OPTIONS http://www.acme/ HTTP/1.1')).to.equal('www.acme:80 www.acme /');
    expect(outcome('CONNECT [::1]:443 HTTP/1.1')).to.equal('[::1]:443');
    expect(outcome('CONNECT www.acme:443 HTTP/1.1')).to.equal('www.acme:443');
  });

  it('that go nowhere are refused', () => {
    const lines = ['GET http:///x', 'GET http://a:0/', 'GET http://a:70000/', 'GET http://a/#b', 'GET http://a%2eb/', 'GET a:80', 'CONNECT a', 'CONNECT http://a:80', 'CONNECT a:80/', 'CONNECT ::1:443', 'GET  http://a/', 'G(T http://a/'];
    for (const line of lines) expect(outcome(`${line} HTTP/1.1`), line).to.equal(400);
    for (const line of ['GET http://a/ HTTP/1', 'GET http://a/', '', 'GET http://a/ http/1.1']) expect(outcome(line), line).to.equal(400);
  });

  it('lose what is between neighbours, and not what a client would take from the server', () => {
    const fields = [['Connection', 'X-A, Host, Cookie, close'], ['x-a', '1'], ['Host', 'h'], ['Cookie', 'c'], ['Proxy-Authorization', 'p'], ['TE', 't'], ['X-B', '2']].map(([name = '', value = '']) => ({ name, value }));
    expect(endToEndFields(fields).map(({ name }) => name)).to.deep.equal(['Host', 'Cookie', 'X-B']);
  });

  it('in any bytes are a head, a fault, or not there yet', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          const head = parseHead(Buffer.from(bytes));
          if (head !== undefined) expect(parseHead(formatHead(head.value))?.value).to.deep.equal(head.value);
        } catch (error) {
          expect(error).to.be.instanceOf(HttpFault);
        }
      }),
    );
  });

  it('in chunks are the same however they are split', () => {
    const chunk = fc.string({ minLength: 1, maxLength: 40, unit: 'binary-ascii' });
    fc.assert(
      fc.property(fc.array(chunk), fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1 }), (chunks, sizes) => {
        const text = `${chunks.map((one) => `${one.length.toString(16)};x=y\r\n${one}\r\n`).join('')}0\r\nT: 1\r\n\r\nNEXT`;
        const pieces: Buffer[] = [];
        const bytes = Buffer.from(text, 'latin1');
        for (let at = 0, index = 0; at < bytes.length; index += 1) {
          const size = sizes[index % sizes.length] ?? 1;
          pieces.push(bytes.subarray(at, at + size));
          at += size;
        }
        expect(decoded(pieces)).to.deep.equal({ content: chunks.join(''), rest: 'NEXT' });
      }),
    );
  });

  it('in wrong chunks are refused', () => {
    for (const text of ['x\r\n', '\r\n', '-1\r\n', '5\n', '3\r\nabcd\r\n', '1000000000000000\r\n', '1 ;\u0001\r\n', '0\r\nno field\r\n\r\n', `${'0'.repeat(5000)}\r\n`]) {
      expect(() => decoded([Buffer.from(text, 'latin1')]), text.slice(0, 20)).to.throw(HttpFault);
    }
  });

  it('of the proxy have a status for every outcome of a channel, and one line', () => {
    const status = Object.fromEntries(CHANNEL_CODES.map((code) => [code, faultOf(new ChannelRefusal(code, 'a\r\nb')).status]));
    expect(status).to.deep.include({ denied: 403, refused: 502, unreachable: 502, 'name-not-found': 502, timeout: 504, 'no-carrier': 503, limit: 503, 'shutting-down': 503 });
    for (const code of CHANNEL_CODES) {
      const answer = answerOf(faultOf(new ChannelRefusal(code, 'a\r\nb')), { connection: 'close' }).toString();
      expect(answer).to.match(new RegExp(`^HTTP/1\\.1 ${status[code]} [A-Z][^]*\r\n\r\nlstp: ${code}: a b\n$`));
    }
  });
});
