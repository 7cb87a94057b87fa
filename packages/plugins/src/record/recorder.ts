/**
 * Records what a service carries, in plain: for a person who looks for a fault, with Wireshark or tcpdump. It never makes
 * the data wait: what the disk does not take in time is missing in the file, and counted there.
 */
import { resolve } from 'node:path';
import { LOGGER, OPTIONS, SERVICE, type ChannelFacts, type ChannelWatch, type Monitor, type ServiceFacts } from '@lstp/core';
import type { Logger } from 'pino';
import { inject, injectable } from 'tsyringe';
import { Conversation } from './conversation.js';
import { packetBytes, writePacket, type Segment } from './ip-packet.js';
import { fileHead, packetBlockBytes, statisticsBlock, writePacketBlock } from './pcapng.js';
import type { RecordOptions } from './record-options.js';
import { RecordingFile, type RecordingEnd } from './recording-file.js';

@injectable()
export class Recorder implements Monitor {
  readonly #options: RecordOptions;
  readonly #facts: ServiceFacts;
  readonly #logger: Logger;
  #file: RecordingFile | undefined;
  #channels = 0;
  #packets = 0;
  #dropped = 0;

  constructor(@inject(OPTIONS) options: RecordOptions, @inject(SERVICE) facts: ServiceFacts, @inject(LOGGER) logger: Logger) {
    this.#options = options;
    this.#facts = facts;
    this.#logger = logger;
  }

  /** Never rejects: a service does not fail because it cannot be recorded. */
  async start(): Promise<void> {
    const { tunnel, service, node, folder } = this.#facts;
    const path = resolve(folder, this.#options.file);
    try {
      const file = await RecordingFile.create(path, { limitBytes: this.#options.size, lastBlock: (end) => this.#lastBlock(end) });
      const head = fileHead({ application: 'lstp', name: `${tunnel}/${service}`, comment: `service ${service} of tunnel ${tunnel}, recorded at ${node}` });
      file.reserve(head.length)?.set(head);
      this.#file = file;
      void file.ended.then((end) => this.#report(file, end));
      this.#logger.warn({ audit: 'recording', file: file.path, limitBytes: this.#options.size }, 'this service is being recorded, in plain');
    } catch (error) {
      this.#logger.error({ audit: 'recording', file: path, reason: (error as Error).message }, 'this service cannot be recorded');
    }
  }

  async stop(): Promise<void> {
    await this.#file?.close();
  }

  watch(channel: ChannelFacts): ChannelWatch | undefined {
    const file = this.#file;
    if (file === undefined) return undefined;
    this.#channels += 1;
    const number = this.#channels;
    let begun: Conversation | undefined;
    // Not at once: the application's address may not be known before its first byte.
    const conversation = (): Conversation => (begun ??= this.#begin(file, channel, number));
    const [own, other] = channel.role === 'front' ? (['client', 'server'] as const) : (['server', 'client'] as const);
    return {
      outgoing: (bytes) => conversation().data(own, bytes),
      incoming: (bytes) => conversation().data(other, bytes),
      closed: (reason) => conversation().close(reason),
    };
  }

  #begin(file: RecordingFile, channel: ChannelFacts, number: number): Conversation {
    const conversation = new Conversation(channel, { number, emit: (segment, comment) => this.#emit(file, segment, comment) });
    conversation.open(`lstp: channel ${channel.id}${channel.target === undefined ? '' : ` to ${channel.target}`}`);
    return conversation;
  }

  #emit(file: RecordingFile, segment: Segment, comment: string | undefined): boolean {
    const length = packetBytes(segment);
    const facts = { timeUs: nowUs(), length, ...(comment === undefined ? {} : { comment }) };
    const block = file.reserve(packetBlockBytes(facts));
    this.#packets += 1;
    if (block === undefined) {
      this.#dropped += 1;
      return false;
    }
    writePacket(writePacketBlock(block, facts), segment);
    return true;
  }

  #lastBlock(end: 'closed' | 'full'): Buffer {
    const why = end === 'full' ? 'the file has reached its size' : 'the recording was ended';
    return statisticsBlock({ timeUs: nowUs(), packets: this.#packets, dropped: this.#dropped, comment: `lstp: ${why}; ${this.#dropped} packets are missing because the disk was too slow` });
  }

  #report({ path: file, bytes }: RecordingFile, end: RecordingEnd): void {
    const fields = { audit: 'recording', file, bytes, packets: this.#packets, dropped: this.#dropped };
    if (typeof end === 'object') this.#logger.error({ ...fields, reason: end.failed.message }, 'recording failed; the service goes on');
    else this.#logger.warn(fields, end === 'full' ? 'recording ended: the file has reached its size; the service goes on' : 'recording ended');
  }
}

function nowUs(): number {
  return Math.floor((performance.timeOrigin + performance.now()) * 1000);
}
