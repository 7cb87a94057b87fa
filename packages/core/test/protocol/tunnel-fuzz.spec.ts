import { expect } from 'chai';
import * as fc from 'fast-check';
import { encodeFrame, encodeJson, encodeNumbers, encodePositioned } from '../../src/protocol/frame.js';
import { MESSAGES } from '../../src/protocol/messages.js';
import { data, HostilePeer, REQUEST, resume } from './hostile-peer.js';

const channelId = fc.constantFrom(0, 1, 2, 3, 4, 5, 0xffff_fffe, 0xffff_ffff);
const position = fc.oneof(fc.integer({ min: 0, max: 6 }), fc.integer({ min: 19_990, max: 20_020 }), fc.maxSafeNat());

/** Frames that are nearly right. */
const frame = fc.oneof(
  fc.tuple(channelId, position, fc.integer({ min: 0, max: 300 })).map(([channel, at, length]) => data(channel, at, length)),
  fc.tuple(channelId, position, position).map(([channel, received, limit]) => resume(channel, received, limit)),
  fc.tuple(channelId, position).map(([channel, limit]) => encodeNumbers('SERVICE_DATA_PAUSE', channel, limit)),
  fc.tuple(channelId, fc.integer({ min: 0, max: 2 }), fc.constantFrom('stream', 'datagram', 'listen')).map(([channel, at, kind]) => encodePositioned('CONNECTION_REQUEST', channel, at, { ...REQUEST, kind })),
  fc.tuple(channelId, fc.integer({ min: 0, max: 3 }), fc.constantFrom('CONNECTION_ACK', 'SERVICE_BEGIN_REQUEST', 'SERVICE_BEGIN_ACK')).map(([channel, at, name]) => encodePositioned(name, channel, at, {})),
  fc.tuple(channelId, fc.integer({ min: 0, max: 3 }), fc.constantFrom('CONNECTION_NACK', 'SERVICE_BEGIN_NACK')).map(([channel, at, name]) => encodePositioned(name, channel, at, { code: 'denied', message: '' })),
  fc.tuple(channelId, fc.constantFrom('done', 'reset')).map(([channel, reason]) => encodeJson('SERVICE_FREE_REQUEST', channel, { reason })),
  channelId.map((channel) => encodeFrame('SERVICE_FREE_RESPONSE', channel)),
  fc.constantFrom(...Object.values(MESSAGES)).map(({ type }) => Buffer.from([type, 0, 0, 0, 0, 0, 0, 0])),
);

/** What an honest master says: exchange, a channel with data both ways of closing, another that is reset. */
const CONVERSATION = Buffer.concat([
  new HostilePeer('right').properties(),
  resume(0, 0, 0),
  encodePositioned('CONNECTION_REQUEST', 1, 0, REQUEST),
  encodePositioned('SERVICE_BEGIN_REQUEST', 1, 1, { source: '127.0.0.1:1' }),
  data(1, 2, 500),
  encodePositioned('CONNECTION_REQUEST', 3, 0, { ...REQUEST, kind: 'datagram' }),
  encodePositioned('SERVICE_BEGIN_REQUEST', 3, 1, {}),
  encodeFrame('SERVICE_DATA', 3, Buffer.from('datagram')),
  encodeNumbers('PING', 0, 77),
  data(1, 502, 300),
  data(1, 802, 0),
  encodeJson('SERVICE_FREE_REQUEST', 3, { reason: 'done' }),
  encodeNumbers('SERVICE_DATA_PAUSE', 1, 20_000),
  encodeJson('SHUTDOWN', 0, { deadlineMs: 1000 }),
]);

function change(stream: Buffer, { at, kind, value }: { at: number; kind: string; value: number }): Buffer {
  if (kind === 'cut') return Buffer.concat([stream.subarray(0, at), stream.subarray(at + 1 + value)]);
  if (kind === 'double') return Buffer.concat([stream.subarray(0, at + value), stream.subarray(at)]);
  const changed = Buffer.from(stream);
  changed[at] = value;
  return changed;
}

describe('a tunnel throws nothing, whatever comes:', function fuzz() {
  this.timeout(60_000);

  const side = fc.constantFrom('left' as const, 'right' as const);

  it('random bytes', () => {
    fc.assert(
      fc.property(side, fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 20 }), (victim, chunks) => {
        const peer = new HostilePeer(victim).alive();
        for (const chunk of chunks) peer.send(Buffer.from(chunk));
        checkSound(peer);
      }),
    );
  });

  it('frames of every kind in any order', () => {
    fc.assert(
      fc.property(side, fc.array(frame, { maxLength: 40 }), (victim, frames) => {
        const peer = new HostilePeer(victim).alive().opened(victim === 'right' ? 1 : 2);
        peer.tunnel.open({ service: 'echo', kind: 'stream', carrier: 'shared' }, undefined, peer.now);
        for (const one of frames) {
          peer.send(one);
          peer.answers();
        }
        checkSound(peer);
      }),
      { numRuns: 1000 },
    );
  });

  it('a conversation with bytes changed, lost and doubled, in any chunking', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(CONVERSATION.length - 1), fc.constantFrom('flip', 'cut', 'double'), fc.nat(255)), { minLength: 1, maxLength: 4 }), fc.integer({ min: 1, max: 300 }), (changes, size) => {
        const peer = new HostilePeer('right').connect();
        const bytes = changes.reduce<Buffer>((stream, [at, kind, value]) => change(stream, { at: Math.min(at, stream.length - 1), kind, value }), CONVERSATION);
        for (let at = 0; at < bytes.length; at += size) peer.send(bytes.subarray(at, at + size));
        checkSound(peer);
      }),
      { numRuns: 500 },
    );
  });
});

/** Whatever was said: closed with a code, or in order; and nothing is held that was not granted. */
function checkSound(peer: HostilePeer): void {
  const { closed, tunnel } = peer;
  if (closed !== undefined) expect(closed.code).to.be.oneOf(['PROTOCOL', 'LIMIT', 'TAMPERED', 'SHUTTING_DOWN', 'ASSOCIATION_RESET']);
  expect(Number.isNaN(tunnel.deadline)).to.equal(false);
  const channels = [...tunnel.channels];
  expect(channels.length).to.be.at.most(8);
  for (const { in: incoming, out } of channels) {
    expect(incoming.waiting).to.be.at.most(incoming.window + 8);
    expect(out.acknowledged).to.be.at.most(out.sent);
  }
  expect(tunnel.retained).to.equal(channels.reduce((sum, { out }) => sum + out.retained, 0));
  tunnel.handleTimeout(peer.now + 1);
}
