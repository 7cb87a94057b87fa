/** tcpdump on loopback, or on a device of a network namespace, and the byte streams of what it saw. Needs root and tcpdump. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';

const TCPDUMP = '/usr/bin/tcpdump';
const BUFFER_KIB = '65536';
const SYN = 0x02;

/** Why this machine cannot capture; undefined where it can. */
export function whyNoCapture(): string | undefined {
  if (!existsSync(TCPDUMP)) return `${TCPDUMP} is not there (Debian package tcpdump)`;
  return process.getuid?.() === 0 ? undefined : 'capturing on lo needs root';
}

export class PacketCapture {
  readonly #file: string;
  readonly #child: ChildProcess;
  readonly #exit: Promise<unknown>;
  #said = '';

  /** Resolves when it captures all that goes to or from these ports of loopback. */
  static async start(file: string, ports: readonly number[]): Promise<PacketCapture> {
    return PacketCapture.#run(file, [TCPDUMP, '-i', 'lo'], ports.map((port) => `tcp port ${port}`).join(' or '));
  }

  /** The same for all TCP over IPv4 on a device of a network namespace. */
  static async inNamespace(file: string, namespace: string, device: string): Promise<PacketCapture> {
    return PacketCapture.#run(file, ['ip', 'netns', 'exec', namespace, TCPDUMP, '-i', device], 'tcp');
  }

  static async #run(file: string, [program = '', ...words]: readonly string[], filter: string): Promise<PacketCapture> {
    // -Z root: tcpdump would else write as a user of its own, who may not enter our folder.
    const args = [...words, '-U', '--immediate-mode', '-n', '-s', '0', '-B', BUFFER_KIB, '-Z', 'root', '-w', file, filter];
    const made = new PacketCapture(file, spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] }));
    await made.#listens();
    return made;
  }

  private constructor(file: string, child: ChildProcess) {
    this.#file = file;
    this.#child = child;
    this.#exit = once(child, 'exit');
    child.stderr?.on('data', (chunk: Buffer) => (this.#said += chunk.toString()));
  }

  /** Whether these bytes are in the file by now. */
  has(bytes: Buffer): boolean {
    return readFileSync(this.#file).includes(bytes);
  }

  /** Ends it. Rejects when the kernel dropped a packet: a capture with holes proves nothing. */
  async stop(): Promise<void> {
    if (this.#child.exitCode === null) this.#child.kill('SIGINT');
    await this.#exit;
    if (!/^0 packets dropped by kernel$/m.test(this.#said)) throw new Error(`tcpdump: ${this.#said}`);
  }

  /** What each side of each connection sent, one after the other; by `source port>destination port`. After stop(). */
  streams(): Map<string, Buffer> {
    const flows = new Map<string, FlowOrder>();
    for (const { flow, ...segment } of segments(readFileSync(this.#file))) {
      const order = flows.get(flow) ?? new FlowOrder();
      flows.set(flow, order);
      order.add(segment);
    }
    return new Map([...flows].map(([flow, order]) => [flow, order.bytes()]));
  }

  async #listens(): Promise<void> {
    while (!/listening on /.test(this.#said)) {
      const ended = await Promise.race([once(this.#child.stderr as NodeJS.ReadableStream & NodeJS.EventEmitter, 'data').then(() => false), this.#exit.then(() => true)]);
      if (ended) throw new Error(`tcpdump: ${this.#said}`);
    }
  }
}

/** One direction of a connection: its segments in order, each byte once, however often it was sent. */
class FlowOrder {
  readonly #parts: Buffer[] = [];
  readonly #early = new Map<number, Buffer>();
  #next: number | undefined;

  add({ sequence, isFirst, payload }: Omit<Segment, 'flow'>): void {
    if (isFirst) this.#next = (sequence + 1) >>> 0;
    if (payload.length === 0) return;
    this.#next ??= sequence;
    this.#early.set(sequence, payload);
    for (let part = this.#take(); part !== undefined; part = this.#take()) this.#parts.push(part);
  }

  bytes(): Buffer {
    return Buffer.concat(this.#parts);
  }

  /** What follows next, of those that have come; what was there before is cut off. */
  #take(): Buffer | undefined {
    for (const [sequence, payload] of this.#early) {
      const known = ((this.#next as number) - sequence) | 0;
      if (known < 0) continue;
      this.#early.delete(sequence);
      if (known >= payload.length) continue;
      this.#next = (sequence + payload.length) >>> 0;
      return payload.subarray(known);
    }
    return undefined;
  }
}

interface Segment {
  readonly flow: string;
  readonly sequence: number;
  /** With SYN: its sequence number is that of the SYN. */
  readonly isFirst: boolean;
  readonly payload: Buffer;
}

/**
 * TCP segments of a capture. File: 24 bytes of header, then per packet 16 bytes (seconds,
 * microseconds, captured, original length; little-endian here) and the Ethernet frame: 14 bytes, IPv4, TCP (RFC 791, RFC 9293).
 */
function* segments(file: Buffer): Generator<Segment> {
  for (let at = 24; at < file.length; ) {
    const ip = file.subarray(at + 16 + 14, at + 16 + file.readUInt32LE(at + 8));
    at += 16 + file.readUInt32LE(at + 8);
    const tcp = ip.subarray((ip.readUInt8(0) & 0x0f) * 4, ip.readUInt16BE(2));
    yield { flow: `${tcp.readUInt16BE(0)}>${tcp.readUInt16BE(2)}`, sequence: tcp.readUInt32BE(4), isFirst: (tcp.readUInt8(13) & SYN) !== 0, payload: tcp.subarray((tcp.readUInt8(12) >> 4) * 4) };
  }
}
