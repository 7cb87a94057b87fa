import { expect } from 'chai';
import { HIDDEN_EXTENSIONS } from '../../src/x11/filter/hidden-extensions.js';
import type { Denied } from '../../src/x11/filter/refusal.js';
import { X11Filter, type X11FilterOptions } from '../../src/x11/filter/x11-filter.js';
import { LSB_FIRST, MSB_FIRST } from '../../src/x11/wire/byte-order.js';
import { encodeSetupFailure, parseSetup } from '../../src/x11/wire/setup.js';
import { pieces, XBytes } from './support/x-bytes.js';

const GET_INPUT_FOCUS = 43;

/** A filter whose client has been taken by the server. */
function opened(x: XBytes, options: Partial<X11FilterOptions> = {}) {
  const denied: Denied[] = [];
  const filter = new X11Filter({ hiddenExtensions: HIDDEN_EXTENSIONS, ...options }, (what) => denied.push(what));
  const sent = (...packets: readonly Buffer[]): Buffer => Buffer.concat(packets.flatMap((packet) => filter.requests(packet)));
  const got = (...packets: readonly Buffer[]): Buffer => Buffer.concat(packets.flatMap((packet) => filter.answers(packet)));
  sent(x.setup());
  got(x.setupReply());
  return { filter, denied, sent, got };
}

for (const [name, order] of [['least', LSB_FIRST], ['most', MSB_FIRST]] as const) {
  const x = new XBytes(order);

  describe(`x11/filter, ${name} significant byte first`, () => {
    it('puts the real cookie where the client has its own, in whatever pieces the packet comes', () => {
      const authorization = { name: 'MIT-MAGIC-COOKIE-1', data: Buffer.alloc(16, 0xaa) };
      for (const size of [1, 5, 12, 47, 1000]) {
        const filter = new X11Filter({ hiddenExtensions: [], authorization });
        const out = Buffer.concat(pieces(Buffer.concat([x.setup(), x.request(127, 0)]), size).flatMap((piece) => filter.requests(piece)));
        expect(parseSetup(out).authorization.data.toString()).to.equal(authorization.data.toString());
        expect(out.subarray(48).toString('hex')).to.equal(x.request(127, 0).toString('hex'));
      }
    });

    it('gives a cookie to a client that has none, and leaves one that is not to be changed', () => {
      const authorization = { name: 'MIT-MAGIC-COOKIE-1', data: Buffer.alloc(16, 0xaa) };
      const [given] = new X11Filter({ hiddenExtensions: [], authorization }).requests(x.setup('', Buffer.alloc(0)));
      expect(parseSetup(given as Uint8Array).authorization.name).to.equal('MIT-MAGIC-COOKIE-1');
      const setup = x.setup();
      expect(new X11Filter({ hiddenExtensions: [] }).requests(setup)[0]?.buffer).to.equal(setup.buffer);
    });

    it('has the server say that a hidden extension is not there', () => {
      const { sent, denied } = opened(x);
      const out = sent(x.queryExtension('MIT-SHM'), x.queryExtension('SHAPE'));
      expect(out.subarray(9, 15).toString()).to.equal('IT-SHM');
      expect(out[8]).to.equal(1);
      expect(out.subarray(16).toString('hex')).to.equal(x.queryExtension('SHAPE').toString('hex'));
      expect(denied).to.deep.equal([{ request: 'extension MIT-SHM', rule: 'hidden' }]);
    });

    it('hides an extension that is asked for in the long form of requests', () => {
      const { sent, got } = opened(x);
      sent(x.queryExtension('BIG-REQUESTS'));
      got(x.extensionReply(1, 133));
      sent(x.request(133, 0));
      const out = sent(x.bigRequest(98, 0, x.named('DRI3')));
      expect(out[12]).to.equal(1);
      expect(out.subarray(13, 16).toString()).to.equal('RI3');
    });

    it('knows that a request to enable long requests without a length is an error, so that nothing is hidden in one', () => {
      const { sent, got, denied } = opened(x, { policy: { keyboard: 'own' } });
      sent(x.queryExtension('BIG-REQUESTS'));
      got(x.extensionReply(1, 133));
      const withoutLength = (major: number): Buffer => Buffer.from([major, 0, 0, 0]);
      sent(withoutLength(133));
      // Whoever thinks them enabled takes what comes behind for its length, and for data.
      expect(sent(withoutLength(127)).toString('hex')).to.equal('7f000000');
      expect(sent(x.request(44, 0))[0]).to.equal(GET_INPUT_FOCUS);
      expect(denied.map(({ request }) => request)).to.deep.equal(['QueryKeymap']);
    });

    it('takes hidden extensions out of the list', () => {
      const { sent, got } = opened(x);
      sent(x.request(99, 0));
      const whole = x.listReply(1, ['SHAPE', 'MIT-SHM', 'DRI2', 'RENDER', 'XFree86-DGA']);
      expect(got(...pieces(whole, 7)).toString('hex')).to.equal(x.listReply(1, ['SHAPE', 'RENDER']).toString('hex'));
    });

    it('refuses the opcode of an extension that the client has not asked for, and passes it once it has', () => {
      const { sent, got, denied } = opened(x);
      expect(sent(x.request(130, 1, 1, 2, 3)).toString('hex')).to.equal(x.request(GET_INPUT_FOCUS, 0).toString('hex'));
      const error = got(x.reply(1));
      expect([error[0], error[1], order.u16(error, 2), order.u16(error, 8), error[10]]).to.deep.equal([0, 1, 1, 1, 130]);
      expect(denied).to.deep.equal([{ request: 'opcode 130.1', rule: 'unknown opcode' }]);
      sent(x.queryExtension('SHAPE'));
      got(x.extensionReply(2, 130));
      expect(sent(x.request(130, 1, 1, 2, 3)).toString('hex')).to.equal(x.request(130, 1, 1, 2, 3).toString('hex'));
    });

    it('drops the rest of a large request that it refuses, and keeps what is around it', () => {
      const { sent, got } = opened(x);
      const large = x.request(140, 0, Buffer.alloc(200_000));
      const out = sent(...pieces(Buffer.concat([x.request(127, 0), large, x.request(GET_INPUT_FOCUS, 0)]), 65_536));
      expect(out.toString('hex')).to.equal(Buffer.concat([x.request(127, 0), x.request(GET_INPUT_FOCUS, 0), x.request(GET_INPUT_FOCUS, 0)]).toString('hex'));
      const answers = got(x.reply(2), x.reply(3));
      expect([answers[0], answers[32]]).to.deep.equal([0, 1]);
    });

    it('refuses what hands over a descriptor of the card, in an extension that is otherwise harmless', () => {
      const { sent, got, denied } = opened(x);
      sent(x.queryExtension('RANDR'));
      got(x.extensionReply(1, 140));
      sent(x.request(140, 45, 1, 2, 0));
      expect(got(x.reply(2))[1]).to.equal(10);
      expect(denied).to.deep.equal([{ request: 'RANDR CreateLease', rule: 'local only' }]);
    });

    it('passes large requests as views, not gathered', () => {
      const { filter, sent, got } = opened(x);
      sent(x.queryExtension('BIG-REQUESTS'));
      got(x.extensionReply(1, 133));
      sent(x.request(133, 0));
      const image = x.bigRequest(72, 2, Buffer.alloc(1_000_000));
      for (const piece of pieces(image, 65_536)) {
        const out = filter.requests(piece);
        expect(out.map(({ buffer, length }) => [buffer === image.buffer, length])).to.deep.equal([[true, piece.length]]);
      }
    });

    it('knows answers by their number beyond 65 536 requests', () => {
      const { sent, got } = opened(x);
      const focus = x.request(GET_INPUT_FOCUS, 0);
      for (let number = 1; number <= 70_000; number += 1000) {
        sent(Buffer.concat(Array<Buffer>(1000).fill(focus)));
        got(Buffer.concat(Array.from({ length: 1000 }, (_none, index) => x.reply(number + index))));
      }
      sent(x.request(140, 0));
      expect(got(x.event(12, 70_000), x.reply(70_001))[32]).to.equal(0);
    });

    it('does not count on the answers of extensions: GLX leaves some out, and what they are for would be mistaken', () => {
      const { sent, got } = opened(x);
      sent(x.queryExtension('GLX'));
      got(x.extensionReply(1, 140));
      const silent = Buffer.concat(Array<Buffer>(40_000).fill(x.request(127, 0)));
      // VendorPrivateWithReply, CreateGLXPbufferSGIX: a server that does it says nothing.
      sent(silent, x.request(140, 17, 65_543, 0, 0, 0, 0), silent);
      expect(() => sent(x.queryExtension('XInputExtension'))).to.throw(/between two that are answered/);
    });

    it('knows replies that come in several pieces, and events without a number', () => {
      const { sent, got } = opened(x);
      sent(x.request(50, 0, 1, Buffer.alloc(4)), x.request(140, 0));
      const answers = got(x.reply(1, { data: 9, bytes: 64 }), x.event(11, 0x5555), x.reply(1, { data: 4, bytes: 60 }), x.reply(1), x.reply(2));
      expect(answers.length).to.equal(64 + 32 + 60 + 32 + 32);
      expect(answers[64 + 32 + 60 + 32]).to.equal(0);
    });

    it('follows a client that asks for something else while it records', () => {
      const { sent, got } = opened(x);
      sent(x.queryExtension('RECORD'));
      got(x.extensionReply(1, 146));
      sent(x.request(146, 5, 1), x.request(GET_INPUT_FOCUS, 0), x.request(140, 0));
      const answers = got(x.reply(2, { data: 4 }), x.reply(2, { data: 0, bytes: 64 }), x.reply(3), x.reply(3, { data: 0, bytes: 64 }), x.reply(4));
      expect([answers.length, answers[32 + 64 + 32 + 64]]).to.deep.equal([32 + 64 + 32 + 64 + 32, 0]);
    });

    it('passes the words of a server that does not take the client', () => {
      const filter = new X11Filter({ hiddenExtensions: [] });
      filter.requests(x.setup());
      const failure = Buffer.concat([encodeSetupFailure(order, 'No protocol specified'), Buffer.from('and more')]);
      expect(Buffer.concat(pieces(failure, 9).flatMap((piece) => filter.answers(piece))).toString('hex')).to.equal(failure.toString('hex'));
      expect(filter.requests(x.request(127, 0))).to.deep.equal([]);
    });

    it('gives the same for any chunking', () => {
      const requests = Buffer.concat([x.setup(), x.queryExtension('MIT-SHM'), x.request(140, 3, 7), x.request(16, 0, x.named('CLIPBOARD')), x.request(99, 0), x.request(127, 0, Buffer.alloc(4000))]);
      const answers = Buffer.concat([x.setupReply(), x.reply(1), x.reply(2), x.reply(3), x.event(2, 3), x.listReply(4, ['MIT-SHM', 'SHAPE'])]);
      const results = [1, 2, 3, 7, 31, 33, 5000].map((size) => {
        const filter = new X11Filter({ hiddenExtensions: HIDDEN_EXTENSIONS });
        const out = pieces(requests, size).flatMap((piece) => filter.requests(piece));
        const back = pieces(answers, size).flatMap((piece) => filter.answers(piece));
        return Buffer.concat([...out, ...back]).toString('hex');
      });
      expect(new Set(results).size).to.equal(1);
    });

    it('ends a connection that it cannot follow', () => {
      const failing = (act: () => unknown): unknown => expect(act).to.throw().with.property('code', 'ERR_LSTP_X_STREAM');
      failing(() => new X11Filter({ hiddenExtensions: [] }).requests(Buffer.from('GET / HTTP/1.1')));
      failing(() => new X11Filter({ hiddenExtensions: [] }).answers(x.setupReply()));
      failing(() => opened(x).got(x.reply(1)));
      failing(() => opened(x).sent(Buffer.concat([...Array<Buffer>(65_536).fill(x.request(127, 0)), x.request(GET_INPUT_FOCUS, 0)])));
      failing(() => opened(x).sent(...Array<Buffer>(65_537).fill(x.request(GET_INPUT_FOCUS, 0))));
      const { sent, got } = opened(x);
      sent(x.request(140, 0), x.request(GET_INPUT_FOCUS, 0));
      failing(() => got(x.reply(2)));
    });

    it('ends a connection whose long request is shorter than its head, or longer than any server takes', () => {
      for (const units of [0, 1, 0x0200_0001, 0x4000_0001, 0xffff_ffff]) {
        const { sent, got } = opened(x);
        sent(x.queryExtension('BIG-REQUESTS'));
        got(x.extensionReply(1, 133));
        sent(x.request(133, 0));
        const request = x.bigRequest(72, 0);
        order.writeU32(request, 4, units);
        expect(() => sent(request)).to.throw().with.property('code', 'ERR_LSTP_X_STREAM');
      }
    });
  });
}
