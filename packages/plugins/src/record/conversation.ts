/**
 * One channel as a conversation on a wire: the packets that would have carried it. Addresses are those that are known,
 * others are of the networks for documentation (RFC 5737). What is not recorded leaves a hole in the sequence numbers,
 * which readers of the file show, and a comment behind it.
 */
import { isIPv4, isIPv6 } from 'node:net';
import type { ChannelCode, ChannelFacts } from '@lstp/core';
import { TCP_FLAGS, type Endpoint, type Segment } from './ip-packet.js';

/** Takes a packet; false where it could not. */
export type Emit = (segment: Segment, comment?: string) => boolean;
type Party = 'client' | 'server';

/** A packet of IPv4 has at most 65 535 bytes. */
const SEGMENT_BYTES = 61_440;
const UNKNOWN = { client: '192.0.2.1', server: '198.51.100.1' } as const;
const UNKNOWN_SERVER_PORT = 9;
const NOTHING = new Uint8Array(0);

/** The most that a UDP datagram carries in a packet of IPv4. */
const UDP_PAYLOAD_BYTES = 65_535 - 20 - 8;

export class Conversation {
  readonly #emit: Emit;
  readonly #isStream: boolean;
  readonly #endpoints: Readonly<Record<Party, Endpoint>>;
  /** The next sequence number of each. */
  readonly #seq = { client: 0, server: 0 };
  #lostBytes = 0;

  /** `number` tells channels apart whose client is not known. */
  constructor({ kind, source, target }: ChannelFacts, { number, emit }: { readonly number: number; readonly emit: Emit }) {
    this.#emit = emit;
    this.#isStream = kind === 'stream';
    const client = endpointOf(source, { address: UNKNOWN.client, port: 1024 + (number % 64_000) });
    const server = endpointOf(target, { address: UNKNOWN.server, port: UNKNOWN_SERVER_PORT });
    const isAlike = client.address.length === server.address.length;
    this.#endpoints = isAlike ? { client, server } : { client: mapped(client), server: mapped(server) };
  }

  open(comment: string): void {
    if (!this.#isStream) return;
    this.#control('client', TCP_FLAGS.syn, comment);
    this.#seq.client = 1;
    this.#control('server', TCP_FLAGS.syn | TCP_FLAGS.ack);
    this.#seq.server = 1;
    this.#control('client', TCP_FLAGS.ack);
  }

  /** Views are copied. */
  data(from: Party, bytes: Uint8Array): void {
    if (!this.#isStream) return this.#take(bytes, this.#datagram(from, bytes));
    for (let at = 0; at < bytes.length; at += SEGMENT_BYTES) {
      const piece = bytes.subarray(at, at + SEGMENT_BYTES);
      const isTaken = this.#send(from, piece, TCP_FLAGS.ack | TCP_FLAGS.push);
      this.#seq[from] = (this.#seq[from] + piece.length) >>> 0;
      this.#take(piece, isTaken);
    }
  }

  close(reason: ChannelCode): void {
    if (!this.#isStream) return;
    if (reason !== 'done') return this.#control('server', TCP_FLAGS.rst | TCP_FLAGS.ack, `lstp: ${reason}`);
    this.#control('client', TCP_FLAGS.fin | TCP_FLAGS.ack);
    this.#seq.client = (this.#seq.client + 1) >>> 0;
    this.#control('server', TCP_FLAGS.fin | TCP_FLAGS.ack);
    this.#seq.server = (this.#seq.server + 1) >>> 0;
    this.#control('client', TCP_FLAGS.ack);
  }

  /** A peer may send more than a packet of IP can say: that would otherwise end the recording of its channel. */
  #datagram(from: Party, bytes: Uint8Array): boolean {
    if (bytes.length <= UDP_PAYLOAD_BYTES) return this.#send(from, bytes);
    return this.#send(from, bytes.subarray(0, UDP_PAYLOAD_BYTES), undefined, `lstp: the first part of ${bytes.length} bytes`);
  }

  #control(from: Party, flags: number, comment?: string): void {
    this.#send(from, NOTHING, flags, comment);
  }

  #take({ length }: Uint8Array, isTaken: boolean): void {
    this.#lostBytes = isTaken ? 0 : this.#lostBytes + length;
  }

  #send(from: Party, payload: Uint8Array, flags?: number, comment = this.#hole()): boolean {
    const to = from === 'client' ? 'server' : 'client';
    const tcp = flags === undefined ? {} : { tcp: { seq: this.#seq[from], ack: (flags & TCP_FLAGS.ack) === 0 ? 0 : this.#seq[to], flags } };
    return this.#emit({ from: this.#endpoints[from], to: this.#endpoints[to], payload, ...tcp }, comment);
  }

  #hole(): string | undefined {
    return this.#lostBytes === 0 ? undefined : `lstp: ${this.#lostBytes} bytes before this were not recorded`;
  }
}

function endpointOf(text: string | undefined, unknown: { readonly address: string; readonly port: number }): Endpoint {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text ?? '') ?? [];
  const host = bracketed ?? plain ?? '';
  if (isIPv4(host)) return { address: ipv4Bytes(host), port: Number(port) };
  if (isIPv6(host)) return { address: ipv6Bytes(host), port: Number(port) };
  return { address: ipv4Bytes(unknown.address), port: port === undefined ? unknown.port : Number(port) };
}

function ipv4Bytes(text: string): Buffer {
  return Buffer.from(text.split('.').map(Number));
}

/** Any form but a zone's (RFC 4291, section 2.2). */
function ipv6Bytes(text: string): Buffer {
  const plain = text.replace(/%.*/, '').replace(/[\d.]+$/, (tail) => (isIPv4(tail) ? groupsOf(tail) : tail));
  const [head = '', tail] = plain.split('::').map((part) => part.split(':').filter((group) => group !== ''));
  const groups = tail === undefined ? [...head] : [...head, ...Array<string>(8 - head.length - tail.length).fill('0'), ...tail];
  const out = Buffer.alloc(16);
  groups.forEach((group, index) => out.writeUInt16BE(Number.parseInt(group, 16), index * 2));
  return out;
}

function groupsOf(ipv4: string): string {
  const [a = 0, b = 0, c = 0, d = 0] = ipv4.split('.').map(Number);
  return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
}

/** Both addresses of a packet are of one kind. */
function mapped({ address, port }: Endpoint): Endpoint {
  return { address: address.length === 16 ? address : Buffer.concat([Buffer.from('00000000000000000000ffff', 'hex'), address]), port };
}
