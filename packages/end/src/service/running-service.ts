/** One service at this end: what its plugins made, and how channels are shaped by them. */
import type { Duplex } from 'node:stream';
import { Transform } from 'node:stream';
import type { BackEnd, Channel, ChannelFacts, Codec, FrontEnd, Rewriter, ServiceConfig } from '@lstp/core';
import type { Logger } from 'pino';
import { codecLayers, type CodecCounts } from './codec-layer.js';
import { ChannelWatches, type NamedMonitor } from '../flow/channel-watches.js';
import type { Tally } from './tally.js';
import { LayeredStream, type Layer } from './layered-stream.js';
import type { Shaped } from '../flow/tunnel-runner.js';

/** What the other end sent is to blame. */
const CODEC_ERRORS: ReadonlySet<string | undefined> = new Set(['ERR_LSTP_CODEC_BOMB', 'ERR_LSTP_CODEC_DATA']);

export interface RunningService {
  config: ServiceConfig;
  readonly role: 'front' | 'back';
  readonly frontEnd?: FrontEnd;
  readonly backEnd?: BackEnd;
  /** What takes part in its channels; absent where nothing does. */
  readonly parts?: ServiceParts;
  readonly tally?: Tally;
  /** Why it does not work. */
  error?: string;
  /** Of that error, where it has one. */
  readonly code?: string;
}

export interface ServiceParts {
  readonly codec?: Codec;
  readonly counts: CodecCounts;
  readonly rewriters: readonly Rewriter[];
  readonly monitors: readonly NamedMonitor[];
  /** Of its channels, while they are there. */
  readonly watches: WeakMap<Channel, ChannelWatches>;
  readonly logger: Logger;
}

/** Whether anything takes part in the channels of a service at `node`. */
export function hasParts({ codec, rewriters = [], monitors = [] }: ServiceConfig, node: string): boolean {
  return codec !== undefined || [...rewriters, ...monitors].some(({ at }) => at === node);
}

/** The monitors of a channel that has no layers; undefined where there are none, or layers that see plain bytes. */
export function watchesOf(parts: ServiceParts, channel: Channel, role: 'front' | 'back'): ChannelWatches | undefined {
  const { rewriters, monitors } = parts;
  const { kind, codec } = channel.request;
  const hasLayers = kind === 'stream' && (rewriters.length > 0 || codec !== undefined);
  if (monitors.length === 0 || hasLayers) return undefined;
  const watches = watch(parts, channel, role);
  return watches.isEmpty ? undefined : watches;
}

/** What the monitors of a channel have to say of it, by plugin. */
export function reportOf(service: RunningService | undefined, channel: Channel): Readonly<Record<string, unknown>> | undefined {
  return service?.parts?.watches.get(channel)?.report();
}

/** For a channel of datagrams. Throws where a rewriter wants to change it: none can, and nothing goes as it is instead. */
export function leaveUnchanged({ rewriters }: ServiceParts, channel: Channel, role: 'front' | 'back'): void {
  const wanted = rewriters.flatMap((rewriter) => rewriter.rewrite(factsOf(channel, role)) ?? []);
  for (const { outgoing, incoming } of wanted) {
    outgoing?.destroy();
    incoming?.destroy();
  }
  if (wanted.length > 0) throw new Error('a rewriter wants to change datagrams; rewriters change streams only');
}

/** What a channel's stream becomes. Throws what a rewriter or a codec throws; the stream is then untouched. */
export function shape(parts: ServiceParts, { channel, role, head }: { readonly channel: Channel; readonly role: 'front' | 'back'; readonly head?: Uint8Array }, stream: Duplex): Shaped {
  const facts = factsOf(channel, role);
  const changing = [...parts.rewriters.flatMap((rewriter) => rewriter.rewrite(facts) ?? []), ...codecOf(parts, channel)];
  if (changing.length === 0 && parts.rewriters.length === 0) return { stream, ...(head === undefined ? {} : { head }) };
  const watches = watch(parts, channel, role);
  const layered = new LayeredStream(stream, [...watchLayer(watches), ...changing], head);
  layered.once('error', (error: NodeJS.ErrnoException) => {
    if (CODEC_ERRORS.has(error.code)) parts.logger.warn({ channel: channel.id, code: error.code, reason: error.message }, 'channel ended by its codec');
  });
  layered.once('close', () => watches.closed(layered.errored === null ? 'done' : 'reset'));
  return { stream: layered };
}

function watch({ monitors, watches, logger }: ServiceParts, channel: Channel, role: 'front' | 'back'): ChannelWatches {
  const made = new ChannelWatches(monitors, factsOf(channel, role), logger);
  if (!made.isEmpty) watches.set(channel, made);
  return made;
}

function codecOf({ codec, counts }: ServiceParts, { request }: Channel): Layer[] {
  if (request.codec === undefined) return [];
  if (codec === undefined) throw new Error(`the codec ${request.codec} is not there`);
  return codecLayers(codec, counts);
}

/** Monitors see what the application sends and gets. */
function watchLayer(watches: ChannelWatches): Layer[] {
  return watches.isEmpty ? [] : [{ outgoing: passing((bytes) => watches.outgoing(bytes)), incoming: passing((bytes) => watches.incoming(bytes)) }];
}

function passing(see: (bytes: Buffer) => void): Duplex {
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      see(chunk);
      done(null, chunk);
    },
  });
}

/** `source` comes later than the rest. */
function factsOf(channel: Channel, role: 'front' | 'back'): ChannelFacts {
  const { id, request } = channel;
  return {
    id: String(id),
    kind: request.kind === 'datagram' ? 'datagram' : 'stream',
    role,
    ...(request.target === undefined ? {} : { target: request.target }),
    get source() {
      return channel.source;
    },
  };
}
