import { expect } from 'chai';
import { array, assert, boolean, integer, nat, option, property, record, tuple, uint8Array } from 'fast-check';
import { FrameFault, FrameParser } from '../../src/websocket/frame-parser.js';
import { frameOf } from '../../src/websocket/frame-writer.js';
import { MESSAGE_BYTES, OPCODES } from '../../src/websocket/policy.js';

/** What a sink was told, data joined. */
interface Told {
  data: Buffer;
  empty: number;
  pings: string[];
  closes: number;
}

function parse(bytes: Buffer, { isMasked = false, cuts = [] }: { isMasked?: boolean; cuts?: readonly number[] } = {}): Told {
  const told: Told = { data: Buffer.alloc(0), empty: 0, pings: [], closes: 0 };
  const parser = new FrameParser(
    {
      handleData: (part) => (told.data = Buffer.concat([told.data, part])),
      handleEmpty: () => (told.empty += 1),
      handlePing: (payload) => told.pings.push(payload.toString()),
      handleClose: () => (told.closes += 1),
    },
    { isMasked },
  );
  const places = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].toSorted((a, b) => a - b);
  let from = 0;
  for (const to of places) {
    parser.push(Buffer.from(bytes.subarray(from, to)));
    from = to;
  }
  return told;
}

/** A frame by the book, RFC 6455, section 5.2. */
function frame({ opcode, payload = Buffer.alloc(0), fin = true, key }: { opcode: number; payload?: Buffer; fin?: boolean; key?: Buffer | undefined }): Buffer {
  const length = payload.length;
  const size = length < 126 ? Buffer.from([length]) : length < 65_536 ? Buffer.from([126, length >> 8, length & 255]) : Buffer.from([127, 0, 0, 0, 0, length >>> 24, (length >> 16) & 255, (length >> 8) & 255, length & 255]);
  if (key !== undefined) size[0] = (size[0] as number) | 0x80;
  const masked = key === undefined ? payload : Buffer.from(payload.map((byte, i) => byte ^ (key[i % 4] as number)));
  return Buffer.concat([Buffer.from([(fin ? 0x80 : 0) | opcode]), size, key ?? Buffer.alloc(0), masked]);
}

function fault(bytes: Buffer, isMasked = false): FrameFault {
  try {
    parse(bytes, { isMasked });
  } catch (error) {
    if (error instanceof FrameFault) return error;
    throw error;
  }
  throw new Error('it was taken');
}

describe('frames of a WebSocket', () => {
  const small = uint8Array({ maxLength: 300 });
  /** Where the length is written otherwise. */
  const long = integer({ min: 65_533, max: 65_538 });
  const payloads = tuple(array(small, { minLength: 1, maxLength: 3 }), option(long)).map(([pieces, length]) => (length === null ? pieces : [...pieces, new Uint8Array(length).fill(7)]));
  const keys = uint8Array({ minLength: 4, maxLength: 4 });
  const messages = array(record({ pieces: payloads, ping: boolean(), key: keys }), { maxLength: 6 });

  for (const isMasked of [true, false]) {
    it(`are taken in any pieces and at any cuts, ${isMasked ? 'with any masking key' : 'without masking'}`, () => {
      assert(
        property(messages, array(nat(), { maxLength: 12 }), (said, cuts) => {
          const frames = said.flatMap(({ pieces, ping, key: bytes }) => {
            const key = isMasked ? Buffer.from(bytes) : undefined;
            return pieces.flatMap((piece, i) => [
              frame({ opcode: i === 0 ? OPCODES.binary : OPCODES.continuation, payload: Buffer.from(piece), fin: i === pieces.length - 1, key }),
              ...(ping ? [frame({ opcode: OPCODES.ping, payload: Buffer.from(`ping ${i}`), key })] : []),
            ]);
          });
          const told = parse(Buffer.concat(frames), { isMasked, cuts });
          expect(told.data.equals(Buffer.concat(said.flatMap(({ pieces }) => pieces)))).to.equal(true);
          expect(told.empty).to.equal(said.filter(({ pieces }) => pieces.every(({ length }) => length === 0)).length);
          expect(told.pings).to.deep.equal(said.flatMap(({ pieces, ping }) => (ping ? pieces.map((_, i) => `ping ${i}`) : [])));
        }),
        { numRuns: 200 },
      );
    });
  }

  it('are taken byte by byte', () => {
    const bytes = Buffer.concat([frame({ opcode: OPCODES.binary, payload: Buffer.alloc(70_000, 1) }), frame({ opcode: OPCODES.ping, payload: Buffer.from('?') }), frame({ opcode: OPCODES.close })]);
    const told = parse(bytes, { cuts: Array.from(bytes, (_, i) => i) });
    expect(told).to.deep.include({ empty: 0, pings: ['?'], closes: 1 });
    expect(told.data.length).to.equal(70_000);
  });

  it('leave as they are taken, with the key 0 or without one', () => {
    for (const length of [0, 1, 125, 126, 65_535, 65_536, MESSAGE_BYTES]) {
      const payload = Buffer.alloc(length, 5);
      expect(frameOf(OPCODES.binary, payload, false).equals(frame({ opcode: OPCODES.binary, payload }))).to.equal(true);
      expect(frameOf(OPCODES.binary, payload, true).equals(frame({ opcode: OPCODES.binary, payload, key: Buffer.alloc(4) }))).to.equal(true);
    }
  });

  it('say nothing more behind a close', () => {
    const told = parse(Buffer.concat([frame({ opcode: OPCODES.close }), frame({ opcode: OPCODES.binary, payload: Buffer.from('late') })]));
    expect(told).to.deep.include({ closes: 1 });
    expect(told.data.length).to.equal(0);
  });

  it('are refused where they break the rules, each with what was wrong', () => {
    const some = Buffer.from('some');
    const text = frame({ opcode: OPCODES.text, payload: some });
    const extended = frame({ opcode: OPCODES.binary, payload: some });
    extended[0] = (extended[0] as number) | 0x40;
    const huge = Buffer.from([0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0]);
    const cases: readonly [Buffer, number, RegExp][] = [
      [text, 1003, /a text message came/],
      [extended, 1002, /bits of an extension/],
      [frame({ opcode: OPCODES.binary, payload: some, key: Buffer.from('abcd') }), 1002, /a masked frame came from the side that was dialed/],
      [frame({ opcode: OPCODES.continuation, payload: some }), 1002, /went on that had not begun/],
      [Buffer.concat([frame({ opcode: OPCODES.binary, payload: some, fin: false }), frame({ opcode: OPCODES.binary, payload: some })]), 1002, /began within another/],
      [frame({ opcode: 5, payload: some }), 1002, /unknown kind came, opcode 5/],
      [frame({ opcode: 12 }), 1002, /unknown kind came, opcode 12/],
      [frame({ opcode: OPCODES.ping, payload: some, fin: false }), 1002, /control frame came in pieces/],
      [frame({ opcode: OPCODES.ping, payload: Buffer.alloc(126) }), 1002, /longer than 125 bytes/],
      [frame({ opcode: OPCODES.binary, payload: Buffer.alloc(MESSAGE_BYTES + 1) }), 1009, /a message of 131073 bytes/],
      [Buffer.concat([frame({ opcode: OPCODES.binary, payload: Buffer.alloc(MESSAGE_BYTES), fin: false }), frame({ opcode: OPCODES.continuation, payload: some })]), 1009, /a message of 131076 bytes/],
      [huge, 1009, /a message of 9223372036854776000 bytes/],
    ];
    for (const [bytes, closeCode, message] of cases) {
      expect(fault(bytes)).to.include({ closeCode });
      expect(fault(bytes).message).to.match(message);
    }
    expect(fault(frame({ opcode: OPCODES.binary, payload: some }), true).message).to.match(/without a masking key came from the side that dialed/);
  });
});
