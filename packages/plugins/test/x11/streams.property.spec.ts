/**
 * Random and mutated streams into filter, policy and monitor. LSTP_TEST_X_STREAMS=1000000 is the long run of what
 * otherwise are 20 000 streams.
 */
import { expect } from 'chai';
import { array, assert, boolean, constantFrom, nat, oneof, property, record, uint8Array, type Arbitrary } from 'fast-check';
import { HIDDEN_EXTENSIONS } from '../../src/x11/filter/hidden-extensions.js';
import type { PolicyOptions } from '../../src/x11/filter/policy-options.js';
import { X11Filter } from '../../src/x11/filter/x11-filter.js';
import { ClientWatch } from '../../src/x11/monitor/client-watch.js';
import { LSB_FIRST, MSB_FIRST } from '../../src/x11/wire/byte-order.js';
import { BASE, pieces, ROOT, XBytes } from './support/x-bytes.js';

const STREAMS = Number(process.env['LSTP_TEST_X_STREAMS'] ?? 20_000);
const STRICT: PolicyOptions = { windows: 'own', keyboard: 'own', grabs: 'refused', sendEvents: 'own', clipboard: 'none', deny: ['SECURITY'] };
/** Two set-up packets are the most: 12 + 2 * 65 535 bytes, padded, and 8 + 4 * 65 535. */
const MOST_FILTER_HOLDS = 12 + 2 * 65_536 + 8 + 4 * 65_535;
/** A property with its value, a failed set-up. */
const MOST_MONITOR_HOLDS = 24 + 256 + 8 + 8 + 256;
const NAMES = ['BIG-REQUESTS', 'MIT-SHM', 'RENDER', 'XInputExtension', 'RECORD', 'DRI3', 'GLX', 'NO-SUCH', ''] as const;

interface Piece {
  readonly from: 'client' | 'server';
  readonly bytes: Buffer;
}

/** What a client and a server might say; each number of a request is its place among those of the client. */
interface Step {
  readonly kind: 'request' | 'query' | 'big' | 'answer' | 'list' | 'noise';
  readonly fromServer: boolean;
  readonly first: number;
  readonly second: number;
  readonly body: Uint8Array;
  readonly name: string;
}

interface Trial {
  readonly isLsbFirst: boolean;
  readonly hasSetup: boolean;
  readonly steps: readonly Step[];
  /** Where in all bytes something is wrong, and what is there instead; 256 and more: that many bytes are missing. */
  readonly faults: readonly { readonly at: number; readonly value: number }[];
  readonly size: number;
}

const step: Arbitrary<Step> = record({
  kind: constantFrom('request', 'request', 'query', 'big', 'answer', 'answer', 'list', 'noise'),
  fromServer: boolean(),
  first: oneof(nat(255), constantFrom(1, 2, 16, 18, 24, 50, 73, 98, 99, 130, 131, 133)),
  second: nat(60),
  body: uint8Array({ maxLength: 60 }),
  name: constantFrom(...NAMES),
});

const trial: Arbitrary<Trial> = record({
  isLsbFirst: boolean(),
  hasSetup: nat(9).map((one) => one > 0),
  steps: array(step, { maxLength: 10 }),
  faults: array(record({ at: nat(2000), value: nat(300) }), { maxLength: 2 }),
  size: nat(80).map((one) => one + 1),
});

describe('x11 streams', function () {
  this.timeout(Math.max(60_000, STREAMS));

  it(`of any kind crash nothing, fill no memory, and are unchanged by the monitor (${STREAMS} of them)`, () => {
    assert(
      property(trial, (one) => {
        const conversation = said(one);
        expectFiltered(conversation, one.size);
        expectWatched(conversation, one.size);
      }),
      { numRuns: STREAMS },
    );
  });

  it('that are right reach the server', () => {
    const conversation = said({ isLsbFirst: true, hasSetup: true, faults: [], size: 1, steps: [{ kind: 'query', fromServer: false, first: 131, second: 0, body: Buffer.alloc(0), name: 'RENDER' }] });
    expect(outcome(conversation, 7).isClosed).to.equal(false);
  });
});

/** Whatever comes, it is passed, refused in order, or closed; alike in any chunking. */
function expectFiltered(conversation: readonly Piece[], size: number): void {
  const [whole, parts] = [outcome(conversation, 100_000), outcome(conversation, size)];
  if (whole.isClosed !== parts.isClosed) expect.fail(`${whole.isClosed ? 'closed' : 'passed'} whole, not in pieces of ${size}`);
  if (!whole.isClosed && whole.text !== parts.text) expect.fail(`other bytes in pieces of ${size}`);
}

function outcome(conversation: readonly Piece[], size: number): { readonly isClosed: boolean; readonly text: string } {
  const filter = new X11Filter({ hiddenExtensions: HIDDEN_EXTENSIONS, policy: STRICT });
  const out = { client: [] as Uint8Array[], server: [] as Uint8Array[] };
  try {
    for (const { from, bytes } of conversation) {
      for (const piece of pieces(bytes, size)) {
        out[from].push(...(from === 'client' ? filter.requests(piece) : filter.answers(piece)));
        if (filter.heldBytes > MOST_FILTER_HOLDS) expect.fail(`it holds ${filter.heldBytes} bytes`);
      }
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_LSTP_X_STREAM') throw error;
    return { isClosed: true, text: '' };
  }
  return { isClosed: false, text: `${Buffer.concat(out.client).toString('hex')} ${Buffer.concat(out.server).toString('hex')}` };
}

function expectWatched(conversation: readonly Piece[], size: number): void {
  const watch = new ClientWatch({ now: () => 0 });
  for (const { from, bytes } of conversation) {
    const before = bytes.toString('latin1');
    for (const piece of pieces(bytes, size)) watch[from === 'client' ? 'requests' : 'answers'](piece);
    if (bytes.toString('latin1') !== before) expect.fail('the monitor changed bytes');
    if (watch.heldBytes > MOST_MONITOR_HOLDS) expect.fail(`it holds ${watch.heldBytes} bytes`);
  }
  const report = JSON.stringify(watch.report());
  if (report.length > 100_000) expect.fail(`a report of ${report.length} characters`);
}

function said({ isLsbFirst, hasSetup, steps, faults }: Trial): Piece[] {
  const x = new XBytes(isLsbFirst ? LSB_FIRST : MSB_FIRST);
  const conversation: Piece[] = hasSetup ? [{ from: 'client', bytes: x.setup() }, { from: 'server', bytes: x.setupReply() }] : [];
  let number = 0;
  for (const one of steps) {
    const pieces = spoken(x, one, number);
    number += pieces.filter(({ from }) => from === 'client').length;
    conversation.push(...pieces);
  }
  for (const { at, value } of faults) spoil(conversation, at, value);
  return conversation;
}

function spoken(x: XBytes, { kind, fromServer, first, second, body, name }: Step, number: number): Piece[] {
  const client = (bytes: Buffer): Piece => ({ from: 'client', bytes });
  const server = (bytes: Buffer): Piece => ({ from: 'server', bytes });
  const padding = Buffer.concat([body], (body.length + 3) & ~3);
  switch (kind) {
    case 'request': return [client(x.request(first, second, second % 2 === 0 ? ROOT : BASE + second, padding))];
    case 'big': return [client(x.bigRequest(first, second, padding))];
    case 'query': return [client(x.queryExtension(name)), server(x.extensionReply(number + 1, 128 + (first % 128), { event: 64 + second, error: 128 + second }))];
    case 'list': return [client(x.request(99, 0)), server(x.listReply(number + 1, NAMES.slice(second % NAMES.length)))];
    case 'answer': return [server(second % 3 === 0 ? x.event(first, number) : x.reply(number, { data: second, words: [first, second], bytes: 32 + padding.length }))];
    default: return [{ from: fromServer ? 'server' : 'client', bytes: Buffer.from(body) }];
  }
}

function spoil(conversation: Piece[], at: number, value: number): void {
  let left = at;
  for (const [index, { from, bytes }] of conversation.entries()) {
    if (left < bytes.length) {
      if (value < 256) bytes[left] = value;
      else conversation[index] = { from, bytes: Buffer.concat([bytes.subarray(0, left), bytes.subarray(left + value - 255)]) };
      return;
    }
    left -= bytes.length;
  }
}
