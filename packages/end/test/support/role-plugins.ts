/** Small plugins of every role, for tests of their host. Real ones, as a third party would write them. */
import { Duplex, PassThrough, Transform } from 'node:stream';
import { constants, createDeflateRaw, createInflateRaw } from 'node:zlib';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { createSocket, type Socket as DatagramSocket } from 'node:dgram';
import { once } from 'node:events';
import {
  CHANNELS, ChannelRefusal, DIALER, Handshake, LISTENERS, METRICS, OPTIONS, PLUGIN_API, serviceAddressSchema, serviceListenSchema,
  type BackEnd, type BackEndConnection, type BackEndListening, type BackEndRequest, type ChannelFacts, type ChannelOpener, type ChannelWatch, type Codec, type Credentials, type DatagramBackEndConnection, type DatagramBackEndRequest, type DatagramChannel, type Dialer, type FrontEnd, type ListenBackEndRequest, type Listening, type Listeners, type Login, type Metrics, type Monitor, type PluginDefinition, type Rewriter, type Rewriting, type ServiceAddressOption, type VerifiedUser,
} from '@lstp/core';
import { inject, injectable } from 'tsyringe';
import { z } from 'zod';

/** A line `HOST:PORT` from the application; `OK bound` or `NO code` back, then bytes. */
@injectable()
class LineFrontEnd implements FrontEnd {
  #listening: Listening | undefined;

  constructor(
    @inject(OPTIONS) private readonly options: { readonly listen: ServiceAddressOption },
    @inject(LISTENERS) private readonly listeners: Listeners,
    @inject(CHANNELS) private readonly channels: ChannelOpener,
  ) {}

  get addresses(): readonly string[] {
    return this.#listening === undefined ? [] : [this.#listening.address];
  }

  async start(): Promise<void> {
    this.#listening = await this.listeners.listen(this.options.listen, async (socket, source = '') => {
      const handshake = new Handshake(socket, { limitBytes: 300 });
      try {
        const line = await handshake.read(readLine);
        if (line.startsWith('bind ')) return this.#bind(line.slice(5), handshake, socket);
        this.channels.join(socket, {
          target: line,
          source,
          head: handshake.finish(),
          answer: {
            connected: ({ bound = '' }) => Buffer.from(`OK ${bound}\n`),
            refused: ({ reason }) => Buffer.from(`NO ${reason}\n`),
          },
        });
      } catch (error) {
        handshake.refuse(Buffer.from(`NO ${(error as NodeJS.ErrnoException).code}\n`));
      }
    });
  }

  async stop(): Promise<void> {
    await this.#listening?.close();
  }

  async #bind(target: string, handshake: Handshake, socket: Duplex): Promise<void> {
    const listener = this.channels.listen({
      target,
      onConnection: (incoming) => {
        handshake.write(Buffer.from(`FROM ${incoming.source}\n`));
        incoming.join(socket, { head: handshake.finish() });
        listener.close();
      },
    });
    try {
      const { bound } = await listener.connected;
      handshake.write(Buffer.from(`OK ${bound}\n`));
    } catch (error) {
      handshake.refuse(Buffer.from(`NO ${(error as ChannelRefusal).reason}\n`));
    }
  }
}

function readLine(bytes: Buffer): { value: string; length: number } | undefined {
  const at = bytes.indexOf(0x0a);
  return at < 0 ? undefined : { value: bytes.toString('utf8', 0, at), length: at + 1 };
}

@injectable()
class TargetBackEnd implements BackEnd {
  constructor(@inject(DIALER) private readonly dialer: Dialer) {}

  connect({ addresses = [] }: BackEndRequest, signal: AbortSignal): Promise<BackEndConnection> {
    return this.dialer.connect(addresses, signal);
  }

  async listen(request: ListenBackEndRequest): Promise<BackEndListening> {
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      request.accept(socket, `${socket.remoteAddress}:${socket.remotePort}`);
    });
    await listening(server);
    return { bound: `127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => server.close() };
  }
}

async function listening(server: Server): Promise<void> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
}

export const line: PluginDefinition = {
  name: 'line', api: PLUGIN_API, about: 'a line names the target', targets: 'chosen',
  options: z.strictObject({ listen: serviceListenSchema }), frontEnd: LineFrontEnd, backEnd: TargetBackEnd,
};

/** Datagrams of one client to one server. */
@injectable()
class PacketFrontEnd implements FrontEnd {
  #socket: DatagramSocket | undefined;
  readonly #flows = new Map<string, DatagramChannel>();

  constructor(@inject(CHANNELS) private readonly channels: ChannelOpener) {}

  get addresses(): readonly string[] {
    return this.#socket === undefined ? [] : [`127.0.0.1:${this.#socket.address().port}`];
  }

  async start(): Promise<void> {
    const socket = createSocket('udp4');
    this.#socket = socket;
    socket.on('message', (datagram, { address, port }) => this.#flowOf(`${address}:${port}`, (back) => void socket.send(back, port, address)).send(datagram));
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
  }

  async stop(): Promise<void> {
    for (const flow of this.#flows.values()) flow.close();
    this.#socket?.close();
  }

  #flowOf(source: string, onDatagram: (datagram: Uint8Array) => void): DatagramChannel {
    const flow = this.#flows.get(source) ?? this.channels.openDatagrams({ source, onDatagram: (datagram) => onDatagram(Buffer.from(datagram)) });
    this.#flows.set(source, flow);
    void flow.closed.then(() => this.#flows.delete(source));
    return flow;
  }
}

@injectable()
class PacketBackEnd implements BackEnd {
  constructor(@inject(OPTIONS) private readonly options: { readonly to: Extract<ServiceAddressOption, { kind: 'tcp' }> }) {}

  async connectDatagrams(request: DatagramBackEndRequest): Promise<DatagramBackEndConnection> {
    const socket = createSocket('udp4');
    socket.on('message', (datagram) => (datagram.toString() === 'bye' ? request.close() : request.send(datagram)));
    socket.connect(this.options.to.port, this.options.to.host);
    await once(socket, 'connect');
    return { bound: `127.0.0.1:${socket.address().port}`, send: (datagram) => socket.send(datagram), close: () => socket.close() };
  }
}

export const packets: PluginDefinition = {
  name: 'packets', api: PLUGIN_API, about: 'datagrams', listens: 'datagram',
  options: z.strictObject({ to: serviceAddressSchema }), frontEnd: PacketFrontEnd, backEnd: PacketBackEnd,
};

class Deflate implements Codec {
  readonly mostExpansion: number = 2000;

  encoder(): Duplex {
    return createDeflateRaw({ flush: constants.Z_SYNC_FLUSH });
  }

  decoder(): Duplex {
    return createInflateRaw();
  }
}

class CarelessDeflate extends Deflate {
  override readonly mostExpansion = 2;
}

export const deflate: PluginDefinition = { name: 'deflate', api: PLUGIN_API, about: 'compresses', codec: Deflate };
/** The same bytes under a name whose decoder allows little. */
export const bomb: PluginDefinition = { name: 'bomb', api: PLUGIN_API, about: 'compresses too well', codec: CarelessDeflate };

/** Adds a number to every byte on its way out, and takes it from those on their way in. */
@injectable()
class Shift implements Rewriter {
  constructor(@inject(OPTIONS) private readonly options: { readonly by: number }) {}

  rewrite({ target = '' }: ChannelFacts): Rewriting | undefined {
    if (this.options.by === 0) throw new Error(`no shift ${target}`);
    return { outgoing: shifting(this.options.by), incoming: shifting(-this.options.by) };
  }
}

function shifting(by: number): Duplex {
  return new Transform({ transform: (chunk: Buffer, _encoding, done) => done(null, Buffer.from(chunk.map((byte) => byte + by))) });
}

export const shift: PluginDefinition = { name: 'shift', api: PLUGIN_API, about: 'shifts bytes', options: z.strictObject({ by: z.int() }), rewriter: Shift };

export interface Seen {
  readonly facts: ChannelFacts;
  outgoing: string;
  incoming: string;
  closed: string;
  /** Each call, in order. */
  readonly calls: (readonly ['out' | 'in', string])[];
}

/** A monitor that keeps what it sees in `seen`; it throws when it sees `throwAt`. */
export function spy(name: string, seen: Seen[], throwAt?: string): PluginDefinition {
  @injectable()
  class Spy implements Monitor {
    constructor(@inject(METRICS) private readonly metrics: Metrics) {}

    watch(facts: ChannelFacts): ChannelWatch {
      const entry = { facts, outgoing: '', incoming: '', closed: '', calls: new Array<readonly ['out' | 'in', string]>() };
      seen.push(entry);
      this.metrics.count('channels watched');
      return {
        outgoing: (bytes) => {
          entry.calls.push(['out', Buffer.from(bytes).toString()]);
          entry.outgoing += Buffer.from(bytes).toString();
          if (throwAt !== undefined && entry.outgoing.includes(throwAt)) throw new Error('a monitor that fails');
        },
        incoming: (bytes) => {
          entry.calls.push(['in', Buffer.from(bytes).toString()]);
          entry.incoming += Buffer.from(bytes).toString();
        },
        closed: (reason) => void (entry.closed = reason),
        report: () => ({ heard: entry.outgoing }),
      };
    }
  }
  return { name, api: PLUGIN_API, about: 'sees', monitor: Spy };
}

/** Users by name, with `name!group` as the right password. `wait` is awaited before each verdict. */
export function passwords(wait: () => Promise<void> = () => Promise.resolve()): PluginDefinition {
  @injectable()
  class Passwords implements Login {
    constructor(@inject(OPTIONS) private readonly options: { readonly user: string; readonly password: string }) {}

    credentials(): Promise<Credentials> {
      if (this.options.user === 'nobody') return Promise.reject(new Error('the prompt was left'));
      return Promise.resolve({ user: this.options.user, proof: this.options.password });
    }

    async verify({ user, proof }: Credentials): Promise<VerifiedUser | undefined> {
      await wait();
      const [name, group = ''] = proof.split('!');
      return name === user ? { user, groups: [group] } : undefined;
    }
  }
  return { name: 'passwords', api: PLUGIN_API, about: 'passwords', options: z.strictObject({ user: z.string(), password: z.string() }), login: Passwords };
}

/** Fails in every way that `fault` names. */
@injectable()
class FaultyFrontEnd implements FrontEnd {
  constructor(@inject(OPTIONS) private readonly options: { readonly fault: string }) {
    if (options.fault === 'constructor') throw new Error('made to fail');
  }

  async start(): Promise<void> {
    if (this.options.fault === 'start') throw new Error('start fails');
  }

  stop(): Promise<void> {
    if (this.options.fault === 'stop') throw new Error('stop fails');
    return Promise.resolve();
  }
}

/** What a back end that was given up connected to in the end. */
let late: PassThrough | undefined;
export function lateConnection(): PassThrough | undefined {
  return late;
}

@injectable()
class FaultyBackEnd implements BackEnd {
  constructor(@inject(OPTIONS) private readonly options: { readonly fault: string }) {}

  connect(_request: BackEndRequest, signal: AbortSignal): Promise<BackEndConnection> {
    const { fault } = this.options;
    if (fault === 'throw') throw new Error('connect throws');
    if (fault === 'reject') return Promise.reject(new Error('connect rejects'));
    if (fault === 'refuse') return Promise.reject(new ChannelRefusal('unreachable', 'no way'));
    if (fault === 'nothing') return Promise.resolve(undefined as unknown as BackEndConnection);
    if (fault === 'hang') return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('given up'))));
    if (fault === 'deaf') return new Promise(() => {});
    if (fault === 'late') return new Promise((resolve) => signal.addEventListener('abort', () => resolve({ stream: (late = new PassThrough()) })));
    return Promise.resolve({ stream: failing() });
  }
}

/** A stream whose reads and writes fail. */
function failing(): Duplex {
  return new Duplex({ read() {}, write: (_chunk, _encoding, done) => done(new Error('a stream that fails')) });
}

export const faulty: PluginDefinition = { name: 'faulty', api: PLUGIN_API, about: 'fails', options: z.strictObject({ fault: z.string() }), frontEnd: FaultyFrontEnd, backEnd: FaultyBackEnd };
