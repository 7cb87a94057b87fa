/** tcpdump on loopback, and the byte streams of what it saw. Needs root and tcpdump. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';

const TCPDUMP = '/usr/bin/tcpdump';
const BUFFER_KIB = '65536';

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
    const filter = ports.map((port) => `tcp port ${port}`).join(' or ');
    // -Z root: tcpdump would else write as a user of its own, who may not enter our folder.
    const args = ['-i', 'lo', '-U', '--immediate-mode', '-n', '-s', '0', '-B', BUFFER_KIB, '-Z', 'root', '-w', file, filter];
    const made = new PacketCapture(file, spawn(TCPDUMP, args, { stdio: ['ignore', 'ignore', 'pipe'] }));
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
    const pieces = new Map<string, Buffer[]>();
    for (const { flow, payload } of segments(readFileSync(this.#file))) pieces.set(flow, [...(pieces.get(flow) ?? []), payload]);
    return new Map([...pieces].map(([flow, parts]) => [flow, Buffer.concat(parts)]));
  }

  async #listens(): Promise<void> {
    while (!this.#said.includes('listening on lo')) {
      const ended = await Promise.race([once(this.#child.stderr as NodeJS.ReadableStream & NodeJS.EventEmitter, 'data').then(() => false), this.#exit.then(() => true)]);
      if (ended) throw new Error(`tcpdump: ${this.#said}`);
    }
  }
}

/**
 * TCP segments of a capture on loopback, where none is lost or overtaken. File: 24 bytes of header, then per packet 16 bytes (seconds,
 * microseconds, captured, original length; little-endian here) and the Ethernet frame: 14 bytes, IPv4, TCP (RFC 791, RFC 9293).
 */
function* segments(file: Buffer): Generator<{ flow: string; payload: Buffer }> {
  for (let at = 24; at < file.length; ) {
    const ip = file.subarray(at + 16 + 14, at + 16 + file.readUInt32LE(at + 8));
    at += 16 + file.readUInt32LE(at + 8);
    const tcp = ip.subarray((ip.readUInt8(0) & 0x0f) * 4, ip.readUInt16BE(2));
    yield { flow: `${tcp.readUInt16BE(0)}>${tcp.readUInt16BE(2)}`, payload: tcp.subarray((tcp.readUInt8(12) >> 4) * 4) };
  }
}
