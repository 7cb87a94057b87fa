import { expect } from 'chai';
import { ProtocolError, FrameReader, decodeJson, decodeNumbers, decodePositioned, encodeFrame, encodeJson, encodeNumbers, encodePositioned, readU64, writeU64 } from '../../src/protocol/index.js';
import type { Frame, MessageName } from '../../src/protocol/index.js';

/** One frame of every layout, one after the other, as they would come on a carrier. */
const STREAM = Buffer.concat([
  encodeFrame('COMMONUNIQUE_INFO', 0, Buffer.from('{"versions":[1]}')),
  encodePositioned('CONNECTION_NACK', 3, 0, { code: 'denied', message: 'not here' }),
  dataFrame(5, 1, 'some data'),
  dataFrame(5, 10, ''),
  encodeNumbers('SERVICE_DATA_RESUME', 5, 10, 2 ** 40),
  encodeFrame('SERVICE_FREE_RESPONSE', 5),
  encodeJson('ERROR', 0, { code: 'TIMEOUT', message: 'too late' }),
]);

interface Whole {
  name: MessageName;
  channel: number;
  payload: string;
}

describe('protocol/frame', () => {
  it('gives every frame back when all come in one chunk', () => {
    expect(readAll(STREAM, STREAM.length).map(({ name }) => name)).to.deep.equal([
      'COMMONUNIQUE_INFO',
      'CONNECTION_NACK',
      'SERVICE_DATA',
      'SERVICE_DATA',
      'SERVICE_DATA_RESUME',
      'SERVICE_FREE_RESPONSE',
      'ERROR',
    ]);
  });

  it('gives the same frames in any chunking, byte by byte included', () => {
    const whole = readAll(STREAM, STREAM.length);
    for (const size of [1, 2, 3, 7, 8, 9, 15, 16, 17, 64]) expect(readAll(STREAM, size), `chunks of ${size}`).to.deep.equal(whole);
  });

  it('lays out the header as type, length, channel', () => {
    expect(encodeFrame('SERVICE_DATA', 0x01020304, Buffer.from('abcdefgh')).toString('hex')).to.equal('30000008010203046162636465666768');
  });

  it('gives out SERVICE_DATA before its frame is whole, its position first', () => {
    const frame = dataFrame(1, 7, 'abcdef');
    const reader = new FrameReader('carrier');
    reader.push(frame.subarray(0, 15));
    expect(reader.next()).to.equal(undefined);
    reader.push(frame.subarray(15, 18));
    expect(reader.next()).to.include({ name: 'SERVICE_DATA', offset: 0, last: false });
    expect(reader.next()?.payload.toString()).to.equal('ab');
    expect(reader.next()).to.equal(undefined);
    reader.push(frame.subarray(18));
    expect(reader.next()).to.include({ offset: 10, last: true });
    expect(reader.midFrame).to.equal(false);
  });

  it('hands over what lies behind the last frame, where LSTP ends', () => {
    const reader = new FrameReader('leg');
    reader.push(Buffer.concat([encodeFrame('PASS_THROUGH', 0), Buffer.from('TLS')]));
    expect(reader.next()?.name).to.equal('PASS_THROUGH');
    expect(reader.takeRest().toString()).to.equal('TLS');
    expect(reader.takeRest()).to.have.length(0);
  });

  it('decodes numbers, positions and JSON to what was encoded', () => {
    const numbers = encodeNumbers('SERVICE_DATA_RESUME', 1, 5, 2 ** 52).subarray(8);
    expect(decodeNumbers('SERVICE_DATA_RESUME', numbers)).to.deep.equal([5, 2 ** 52]);
    const positioned = encodePositioned('SERVICE_BEGIN_NACK', 1, 9, { code: 'refused', message: 'no' }).subarray(8);
    expect(decodePositioned('SERVICE_BEGIN_NACK', positioned)).to.deep.equal({ position: 9, body: { code: 'refused', message: 'no' } });
    expect(decodeJson('ERROR', Buffer.from('{"code":"LOST"}'))).to.deep.equal({ code: 'LOST' });
  });

  describe('refuses', () => {
    it('an unknown type', () => refused('7f00000000000000', 'carrier', 'unknown frame type 0x7f'));
    it('what begins like a TLS record', () => refused('1603010200010001', 'leg', 'unknown frame type 0x16'));
    it('a message of the carrier on a leg', () => refused('3000000800000001', 'leg', 'SERVICE_DATA does not belong on a leg'));
    it('a message of the leg on a carrier', () => refused('0400000000000000', 'carrier', 'PASS_THROUGH does not belong on a carrier'));
    it('a length beyond the limit, before a byte of the payload has come', () => refused('0200400100000000', 'leg', 'at most 16384'));
    it('data beyond 64 KiB', () => refused('3001000900000001', 'carrier', 'SERVICE_DATA: 65545 bytes'));
    it('a position beyond 2^53', () => {
      const bytes = Buffer.from('0020000000000000', 'hex');
      expect(() => readU64(bytes, 0, 'limit')).to.throw(ProtocolError, 'limit: beyond 2^53');
      writeU64(bytes, Number.MAX_SAFE_INTEGER, 0);
      expect(readU64(bytes, 0, 'limit')).to.equal(Number.MAX_SAFE_INTEGER);
    });
    it('numbers of a wrong length', () => {
      expect(() => decodeNumbers('PING', Buffer.alloc(7))).to.throw(ProtocolError, 'PING: 7 bytes instead of 8');
    });
    it('JSON that is none, and JSON of a wrong shape, by member', () => {
      expect(() => decodeJson('ERROR', Buffer.from([0xff]))).to.throw(ProtocolError, 'ERROR: not JSON');
      expect(() => decodeJson('ERROR', Buffer.from('{"code":"NONE"}'))).to.throw(ProtocolError, 'ERROR.code: expected one of');
    });
  });
});

function dataFrame(channel: number, position: number, data: string): Buffer {
  const payload = Buffer.alloc(8 + data.length);
  writeU64(payload, position, 0);
  payload.write(data, 8);
  return encodeFrame('SERVICE_DATA', channel, payload);
}

/** All frames of `bytes`, pushed in chunks of `size`; pieces of one frame put together. */
function readAll(bytes: Buffer, size: number): Whole[] {
  const reader = new FrameReader('carrier');
  const frames: Whole[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    reader.push(Buffer.from(bytes.subarray(at, at + size)));
    for (let frame = reader.next(); frame !== undefined; frame = reader.next()) collect(frames, frame);
  }
  expect(reader.midFrame).to.equal(false);
  return frames;
}

function collect(frames: Whole[], { name, channel, payload, offset }: Frame): void {
  const text = payload.toString('latin1');
  const before = frames.at(-1);
  if (offset > 0 && before !== undefined) before.payload += text;
  else frames.push({ name, channel, payload: text });
}

function refused(hex: string, scope: 'leg' | 'carrier', message: string): void {
  const reader = new FrameReader(scope);
  reader.push(Buffer.from(hex, 'hex'));
  expect(() => reader.next()).to.throw(ProtocolError, message);
}
