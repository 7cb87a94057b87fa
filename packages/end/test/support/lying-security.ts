/** An end with a valid key that says what it wants in CONNECTION_REQUEST, over the real TLS of its carriers. */
import { Duplex } from 'node:stream';
import { decodePositioned, definePlugin, encodeFrame, encodePositioned, FrameReader, IDENTITY, PLUGIN_API, type ChannelRequestBody, type Frame, type Identity, type PluginDefinition, type SecuredCarrier, type Security, type SecurityRequest } from '@lstp/core';
import { bundledPlugins } from '@lstp/plugins';
import { container, inject, injectable } from 'tsyringe';

/** What this end really says where its own tunnel asks for `honest`. Set by a test, for every request from then on. */
export interface Liar {
  lie(honest: ChannelRequestBody): ChannelRequestBody;
}

const bundled = bundledPlugins.find(({ security }) => security !== undefined);

/** The bundled plugins; the one that secures carriers has the end's requests changed behind the end's back. */
export function lyingPlugins(liar: Liar): PluginDefinition[] {
  @injectable()
  class Lying implements Security {
    readonly #inner: Security;

    constructor(@inject(IDENTITY) identity: Identity) {
      if (bundled?.security === undefined) throw new Error('no bundled plugin secures carriers');
      this.#inner = container.createChildContainer().registerInstance(IDENTITY, identity).resolve(bundled.security);
    }

    async secure(request: SecurityRequest): Promise<SecuredCarrier> {
      const secured = await this.#inner.secure(request);
      return { stream: editing(secured.stream, liar), exporter: (label) => secured.exporter(label) };
    }
  }
  const lying = definePlugin({ name: 'lying', api: PLUGIN_API, about: 'secures carriers, and lies on them', security: Lying });
  return [...bundledPlugins.filter((plugin) => plugin !== bundled), lying];
}

/** Reads as `line` does; what is written to it are frames, and its requests are changed on their way to `line`. */
function editing(line: Duplex, liar: Liar): Duplex {
  const reader = new FrameReader('carrier');
  const stream = new Duplex({
    read: () => void line.resume(),
    write: (bytes: Buffer, _encoding, done) => {
      // A copy: the reader keeps what it has, and the writer reuses its buffer.
      reader.push(Buffer.from(bytes));
      const frames: Buffer[] = [];
      for (let frame = reader.next(); frame !== undefined; frame = reader.next()) frames.push(edited(frame, liar));
      if (frames.length === 0) done();
      else line.write(Buffer.concat(frames), done);
    },
    final: (done) => void line.end(done),
    destroy: (error, done) => {
      line.destroy();
      done(error);
    },
  });
  line.on('data', (bytes: Buffer) => stream.push(bytes) || line.pause());
  line.on('end', () => stream.push(null));
  line.on('error', (error) => stream.destroy(error)).on('close', () => stream.destroy());
  return stream;
}

function edited({ name, channel, payload }: Frame, liar: Liar): Buffer {
  if (name !== 'CONNECTION_REQUEST') return encodeFrame(name, channel, payload);
  const { position, body } = decodePositioned(name, payload);
  return encodePositioned(name, channel, position, liar.lie(body));
}
