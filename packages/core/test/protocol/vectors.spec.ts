import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { ProtocolError } from '../../src/protocol/error.js';
import { FrameReader, decodeJson, decodeNumbers, decodePositioned, encodeFrame, type Frame } from '../../src/protocol/frame.js';
import { HEADER_BYTES, SETUP_BYTES } from '../../src/protocol/limits.js';
import { MESSAGES, type MessageName } from '../../src/protocol/messages.js';
import { parseSetup } from '../../src/protocol/setup.js';
import { VECTORS, forwarded, setup, type Vector } from './vectors.js';

const SPEC = readFileSync(new URL('../../../../../docs/spec.md', import.meta.url), 'utf8');
const NAMES = Object.keys(MESSAGES) as MessageName[];

/** The section of docs/spec.md that is headed by this message's name. */
function section(name: MessageName): string {
  const [, ...parts] = SPEC.split(new RegExp(`^### ${name}$`, 'm'));
  expect(parts, `sections headed ${name}`).to.have.length(1);
  return (parts[0] as string).split(/^##/m)[0] as string;
}

/** Every frame that comes of these chunks, SERVICE_DATA put together again. */
function read(scope: Vector['scope'], chunks: Iterable<Buffer>): { name: MessageName; channel: number; payload: Buffer }[] {
  const reader = new FrameReader(scope);
  const frames: { name: MessageName; channel: number; payload: Buffer }[] = [];
  let pieces: Buffer[] = [];
  const take = ({ name, channel, payload, last }: Frame) => {
    pieces.push(Buffer.from(payload));
    if (!last) return;
    frames.push({ name, channel, payload: Buffer.concat(pieces) });
    pieces = [];
  };
  for (const chunk of chunks) {
    reader.push(chunk);
    for (let frame = reader.next(); frame !== undefined; frame = reader.next()) take(frame);
  }
  return frames;
}

function* bytes(frame: Buffer): Generator<Buffer> {
  for (let at = 0; at < frame.length; at++) yield frame.subarray(at, at + 1);
}

function decode(name: MessageName, payload: Buffer): unknown {
  const { layout } = MESSAGES[name];
  if (layout === 'json') return decodeJson(name, payload);
  if (layout === 'positioned') return decodePositioned(name, payload);
  if (layout === 'numbers') return decodeNumbers(name, payload);
  return undefined;
}

describe('protocol: every message', () => {
  it('has a row in the table of docs/spec.md with its number, place and size, and no other has', () => {
    const rows = [...SPEC.matchAll(/^\| 0x([0-9a-f]{2}) \| ([A-Z_]+) \| (.*?) \| .* \| (\d+)(.*?) \|$/gm)];
    const table = rows.map(([, type, name, where, bytes]) => ({ type: Number.parseInt(type as string, 16), name, where, bytes: Number(bytes) }));
    const where = { leg: 'leg', carrier: 'carrier', both: 'leg, carrier' } as const;
    const wanted = NAMES.map((name) => {
      const { type, scope, maxBytes } = MESSAGES[name];
      return { type, name, where: where[scope], bytes: scope === 'both' ? Math.min(maxBytes, SETUP_BYTES) : maxBytes };
    });
    expect(table).to.deep.equal(wanted);
  });

  it('has a number of its own that begins neither a TLS record nor a word', () => {
    const types = NAMES.map((name) => MESSAGES[name].type);
    expect(new Set(types).size).to.equal(types.length);
    for (const type of types) {
      expect(type >= 0x14 && type <= 0x17, String(type)).to.equal(false);
      expect(/[A-Za-z]/.test(String.fromCharCode(type)), String(type)).to.equal(false);
    }
  });

  it('names its JSON members in its section', () => {
    for (const name of NAMES) {
      for (const { value } of VECTORS[name]) {
        const body = MESSAGES[name].layout === 'positioned' ? (value as { body: object }).body : (value ?? {});
        if (Array.isArray(body)) continue;
        for (const member of Object.keys(body)) expect(section(name), `${name}.${member}`).to.contain(`\`${member}\``);
      }
    }
  });

  for (const name of NAMES) {
    describe(name, () => {
      const [first, last] = [VECTORS[name][0], VECTORS[name].at(-1)] as [Vector, Vector];

      it('is shown in docs/spec.md as it is encoded', () => {
        const shown = [...section(name).matchAll(/```hex\n([^`]*)```/g)].map(([, hex]) => (hex as string).replaceAll(/\s/g, ''));
        expect(shown).to.deep.equal(VECTORS[name].map(({ frame }) => frame.toString('hex')));
      });

      for (const vector of VECTORS[name]) {
        it(`is decoded whole and byte by byte: ${vector.about.slice(0, 60)}`, () => {
          const { frame, scope, channel, value } = vector;
          const whole = read(scope, [frame]);
          expect(whole).to.have.length(1);
          expect(whole[0]).to.include({ name, channel });
          expect(read(scope, bytes(frame))).to.deep.equal(whole);
          const payload = (whole[0] as { payload: Buffer }).payload;
          expect(payload.equals(frame.subarray(HEADER_BYTES))).to.equal(true);
          if (value !== undefined) expect(decode(name, payload)).to.deep.equal(value);
        });
      }

      it('is refused beyond its size, before a byte of it has come', () => {
        const { scope, maxBytes } = MESSAGES[name];
        const side = scope === 'carrier' ? 'carrier' : 'leg';
        const most = side === 'leg' ? Math.min(maxBytes, SETUP_BYTES) : maxBytes;
        const header = encodeFrame(name, 0).subarray(0, HEADER_BYTES);
        header.writeUIntBE(most + 1, 1, 3);
        expect(() => read(side, [header])).to.throw(ProtocolError, name).with.property('wireCode', 'PROTOCOL');
        header.writeUIntBE(most, 1, 3);
        expect(read(side, [header])).to.have.length(most === 0 ? 1 : 0);
      });

      const { scope, layout } = MESSAGES[name];
      if (scope !== 'both') {
        it('is refused on the wrong side of TLS', () => {
          const other = scope === 'leg' ? 'carrier' : 'leg';
          expect(() => read(other, [first.frame])).to.throw(ProtocolError, `${name} does not belong on a ${other}`);
        });
      }

      if (layout === 'json' || layout === 'positioned' || layout === 'numbers') {
        it('is refused, by name, when it is empty, cut, or no JSON', () => {
          const payload = first.frame.subarray(HEADER_BYTES);
          for (let length = 0; length < payload.length; length++) {
            expect(() => decode(name, payload.subarray(0, length)), String(length)).to.throw(ProtocolError, name).with.property('wireCode', 'PROTOCOL');
          }
        });
      }

      if (layout === 'json' || layout === 'positioned') {
        it('is refused, by member, when a member is wrong; an unknown one is ignored', () => {
          const offset = layout === 'json' ? 0 : 8;
          const payload = last.frame.subarray(HEADER_BYTES);
          const body = JSON.parse(payload.subarray(offset).toString()) as Record<string, unknown>;
          const encode = (value: unknown) => Buffer.concat([payload.subarray(0, offset), Buffer.from(JSON.stringify(value))]);
          for (const member of Object.keys(body)) {
            expect(() => decode(name, encode({ ...body, [member]: true })), member).to.throw(ProtocolError, `${name}.${member}`);
          }
          expect(decode(name, encode({ ...body, unknown: [1] }))).to.deep.equal(decode(name, encode(body)));
          expect(() => decode(name, encode([]))).to.throw(ProtocolError, 'an object');
        });
      }
    });
  }

  it('set-up as in docs/spec.md is read, and its text is what was frozen', () => {
    const read = parseSetup(setup.cu, forwarded);
    expect(read.info).to.deep.equal(setup.info);
    expect(JSON.parse(setup.cu.toString())).to.deep.equal(setup.info);
  });

  it('COMMONUNIQUE_INFO is refused by member', () => {
    const edits: Record<string, unknown> = {
      versions: [0], common: 'short', side: 'middle', key: 'ed25519:x', peers: 'all', epoch: -1, instance: 1, slot: 65_536, alt: 64, attempt: 0.5, pingMs: 99, nonce: '',
    };
    expect(Object.keys(edits)).to.have.members(Object.keys(setup.info));
    for (const [member, value] of Object.entries(edits)) {
      const cu = Buffer.from(JSON.stringify({ ...setup.info, [member]: value }));
      expect(() => parseSetup(cu, setup.entry), member).to.throw(ProtocolError, `COMMONUNIQUE_INFO.${member}`);
    }
  });
});
