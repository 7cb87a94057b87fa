/** Plugins of roles that no bundled one has, and plugins with one fault each. */
import { once } from 'node:events';
import { Transform, type Duplex } from 'node:stream';
import { constants, createDeflateRaw, createInflateRaw } from 'node:zlib';
import { Handshake, PLUGIN_API, z, type BackEndConnection, type ChannelFacts, type ChannelWatch, type Credentials, type LegDialRequest, type PluginDefinition, type Rewriting, type VerifiedUser } from 'lstp/plugin';

function changing(change: (bytes: Buffer, index: number) => Buffer): Duplex {
  let index = 0;
  return new Transform({ transform: (chunk: Buffer, _encoding, done) => done(null, change(chunk, index++)) });
}

function flipped(bytes: Buffer): Buffer {
  return Buffer.from(bytes.map((byte) => byte ^ 0xff));
}

/** Changes bytes alike, however they come. */
export const rewriter = rewriterOf((bytes) => flipped(bytes));

function rewriterOf(change: (bytes: Buffer, index: number) => Buffer): PluginDefinition {
  class Changing {
    rewrite({ role }: ChannelFacts): Rewriting | undefined {
      return role === 'front' ? { outgoing: changing(change), incoming: changing(change) } : undefined;
    }
  }
  return { name: 'sample', api: PLUGIN_API, about: 'A sample.', rewriter: Changing };
}

/** Legs whose two sides say one line to each other first. */
async function greet(stream: Duplex, signal: AbortSignal): Promise<Duplex> {
  const handshake = new Handshake(stream, { limitBytes: 100 });
  const abort = (): void => void stream.destroy();
  signal.addEventListener('abort', abort);
  try {
    handshake.write(Buffer.from('hello\n'));
    await handshake.read((bytes) => {
      if (!'hello\n'.startsWith(bytes.toString('latin1', 0, 6))) throw new Error('127.0.0.1:9: the other side does not say hello');
      return bytes.length < 6 ? undefined : { value: true, length: 6 };
    });
    const rest = handshake.finish();
    if (rest.length > 0) stream.unshift(rest);
    return stream;
  } catch (error) {
    handshake.finish();
    if (!stream.destroyed) await once(stream.destroy(), 'close');
    throw error;
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

class Dialer {
  dial(stream: Duplex, { signal }: LegDialRequest): Promise<Duplex> {
    return greet(stream, signal);
  }
}

class Listener {
  accept(stream: Duplex, { signal }: { readonly signal: AbortSignal }): Promise<Duplex> {
    return greet(stream, signal);
  }
}

export const legs: PluginDefinition = { name: 'sample', api: PLUGIN_API, about: 'A sample.', schemes: ['sample'], legDialer: Dialer, legListener: Listener };

const sample = { name: 'sample', api: PLUGIN_API, about: 'A sample.' } as const;

class Deflate {
  mostExpansion = 1100;

  encoder(): Duplex {
    return createDeflateRaw({ flush: constants.Z_SYNC_FLUSH });
  }

  decoder(): Duplex {
    return createInflateRaw();
  }
}

class Watch {
  watch(): ChannelWatch {
    return {};
  }
}

class NoServer {
  connect(): Promise<BackEndConnection> {
    return Promise.reject(new Error('connect ECONNREFUSED'));
  }
}

/** Each with the check that must find it out. */
export const FAULTY: readonly (readonly [fault: string, plugin: PluginDefinition, check: string])[] = [
  ['takes any option', { ...sample, options: z.object({}), monitor: Watch }, 'plugin: refuses an option that it does not know'],
  ['has an option that nobody explains', { ...sample, options: z.strictObject({ colour: z.string().optional() }), monitor: Watch }, 'plugin: describes each of its options'],
  ['needs an option that its sample lacks', { ...sample, options: z.strictObject({ colour: z.string() }), monitor: Watch }, 'plugin: accepts its own sample of options'],
  ['has a timer before it is started', { ...sample, monitor: class extends Watch { readonly timer = setTimeout(() => {}, 50); } }, 'monitor: does nothing when it is made'],
  ['cannot be stopped twice', { ...sample, monitor: class extends Watch { #stopped = false; async stop(): Promise<void> { if (this.#stopped) throw new Error('stopped already'); this.#stopped = true; } } }, 'monitor: may be stopped before it has started, and twice'],
  ['changes what it should only see', { ...sample, monitor: class { watch(): ChannelWatch { return { outgoing: (bytes) => void bytes.fill(0) }; } } }, 'monitor: sees channels of every kind, and changes no byte of them'],
  ['shrinks by more than it says', { ...sample, codec: class extends Deflate { override mostExpansion = 2; } }, 'codec: does not shrink by more than it says'],
  ['decodes to other bytes', { ...sample, codec: class extends Deflate { override decoder(): Duplex { return changing(flipped); } } }, 'codec: gives back what it was given, in any chunking'],
  ['takes bytes without end', { ...sample, codec: class extends Deflate { override encoder(): Duplex { return new Transform({ highWaterMark: 1e12, transform: (chunk, _encoding, done) => done(null, chunk) }); } } }, 'codec: stops taking bytes that nobody reads'],
  ['depends on how bytes come', rewriterOf((bytes, index) => (index === 0 ? flipped(bytes) : bytes)), 'rewriter: changes bytes alike, in any chunking, and ends when they do'],
  ['gives no reason that an application could be told', { ...sample, options: z.strictObject({}), backEnd: NoServer }, 'back end: says why it cannot connect'],
  ['lets everybody in', { ...sample, login: class { verify({ user }: Credentials): Promise<VerifiedUser> { return Promise.resolve({ user }); } } }, 'login: verifies nobody else'],
  ['starts where it cannot listen', { ...sample, frontEnd: class { addresses: string[] = []; async start(): Promise<void> { this.addresses = ['127.0.0.1:1']; } async stop(): Promise<void> {} } }, 'front end: refuses to start where its address is taken, and names it'],
];
