/** From the server to the client: learns what the server says of extensions, and gives refused requests their answers. */
import { ANSWER, ANSWER_BYTES, answerBytes, encodeError, encodeReply, EVENT, sequenceOf } from '../wire/answer.js';
import { encodeListExtensions, parseListExtensions } from '../wire/list-extensions.js';
import type { PacketHandler } from '../wire/packet-framer.js';
import { parseResources, setupReplyBytes, SETUP_REPLY_HEAD_BYTES, SETUP_STATUS } from '../wire/setup.js';
import { X11StreamError } from '../wire/x11-stream-error.js';
import type { Connection, Expected } from './connection.js';
import type { Output } from './output.js';
import type { Answered } from './refusal.js';

/** At most 255 names of at most 255 bytes, each with its length in front. */
const MOST_LIST_BYTES = ANSWER_BYTES + 255 * 256;

export class ServerSide implements PacketHandler {
  readonly #connection: Connection;
  readonly #output: Output;
  readonly #hidden: ReadonlySet<string>;
  #passes = true;

  constructor(connection: Connection, output: Output, hidden: ReadonlySet<string>) {
    this.#connection = connection;
    this.#output = output;
    this.#hidden = hidden;
  }

  wants(bytes: Uint8Array, at: number, available: number): number {
    const { phase, order } = this.#connection;
    if (phase === 'over') return 1;
    if (!this.#connection.hasClient) throw new X11StreamError('the X server speaks before the client');
    if (phase === 'set-up') return available < SETUP_REPLY_HEAD_BYTES ? SETUP_REPLY_HEAD_BYTES : setupReplyBytes(bytes, at, order);
    if (available < ANSWER_BYTES) return ANSWER_BYTES;
    return this.#isList(bytes, at) ? Math.min(answerBytes(bytes, at, order), MOST_LIST_BYTES) : ANSWER_BYTES;
  }

  begin(bytes: Uint8Array, at: number): number {
    if (this.#connection.phase === 'over') return Number.MAX_SAFE_INTEGER;
    if (this.#connection.phase === 'set-up') return this.#beginSetUp(bytes, at);
    const { order, numbers } = this.#connection;
    this.#passes = true;
    const sequence = sequenceOf(bytes, at, order);
    const expected = sequence === undefined ? undefined : numbers.see(sequence);
    const type = bytes[at] as number;
    if (expected !== undefined && (type === ANSWER.reply || type === ANSWER.error)) this.#handleAnswer(expected, bytes, at);
    return answerBytes(bytes, at, order);
  }

  body(bytes: Uint8Array, from: number, to: number): void {
    if (this.#passes) this.#output.pass(bytes, from, to);
  }

  #beginSetUp(bytes: Uint8Array, at: number): number {
    const { order } = this.#connection;
    const isTaken = bytes[at] === SETUP_STATUS.success;
    this.#connection.phase = isTaken ? 'open' : 'over';
    if (isTaken) this.#connection.resources = parseResources(bytes, at, order);
    return setupReplyBytes(bytes, at, order);
  }

  /** Only that is gathered, to be made anew. see() gives the same again in begin(). */
  #isList(bytes: Uint8Array, at: number): boolean {
    if (bytes[at] !== ANSWER.reply) return false;
    const { numbers, order } = this.#connection;
    return numbers.see(order.u16(bytes, at + 2))?.kind === 'extensions';
  }

  #handleAnswer(expected: Expected, bytes: Uint8Array, at: number): void {
    const isReply = bytes[at] === ANSWER.reply;
    if (expected.kind !== 'many' || !isReply || bytes[at + 1] === expected.last) this.#connection.numbers.answered();
    if (isReply) this.#handleReply(expected, bytes, at);
  }

  #handleReply(expected: Expected, bytes: Uint8Array, at: number): void {
    const { order, extensions } = this.#connection;
    if (expected.kind === 'extension') extensions.learn(expected.name, bytes, at);
    else if (expected.kind === 'atom') this.#connection.learnAtom(order.u32(bytes, at + 8), expected.name);
    else if (expected.kind === 'extensions') this.#put(this.#list(bytes, at));
    else if (expected.kind === 'refused') this.#handleRefused(expected, bytes, at);
  }

  #handleRefused({ instead, major, minor }: Extract<Expected, { readonly kind: 'refused' }>, bytes: Uint8Array, at: number): void {
    const { order } = this.#connection;
    const sequence = order.u16(bytes, at + 2);
    if (answerBytes(bytes, at, order) !== ANSWER_BYTES) throw new X11StreamError('a reply of GetInputFocus is too long');
    if (instead.kind === 'empty') this.#put(encodeReply(order, sequence));
    else if (instead.kind === 'no selection') this.#put(this.#selectionNotify(instead, sequence));
    else this.#put(encodeError(order, sequence, { code: instead.code, major, minor, resource: instead.resource }));
  }

  /** Without those that are hidden. */
  #list(bytes: Uint8Array, at: number): Buffer {
    const { order } = this.#connection;
    if (answerBytes(bytes, at, order) > MOST_LIST_BYTES) throw new X11StreamError('a reply of ListExtensions is too long');
    const names = parseListExtensions(bytes, at, order).filter((name) => !this.#hidden.has(name));
    return encodeListExtensions(order, order.u16(bytes, at + 2), names);
  }

  /** The event of a selection without an owner: time 4, requestor 8, selection 12, target 16, property 20, which is None. */
  #selectionNotify({ time, requestor, selection, target }: Extract<Answered, { readonly kind: 'no selection' }>, sequence: number): Buffer {
    const { order } = this.#connection;
    const event = Buffer.alloc(ANSWER_BYTES);
    event[0] = EVENT.selectionNotify;
    order.writeU16(event, 2, sequence);
    for (const [index, value] of [time, requestor, selection, target].entries()) order.writeU32(event, 4 + 4 * index, value);
    return event;
  }

  #put(instead: Uint8Array): void {
    this.#output.put(instead);
    this.#passes = false;
  }
}
