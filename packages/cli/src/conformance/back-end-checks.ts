/** What a back end must do. The rest of the tunnel is real; the front end at its other end is the suite's. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { freePorts } from '@lstp/core';
import { handlesSince, openHandles, socketPair, until } from '@lstp/core/testing';
import { CHANNELS, type BackEndRequest, type ChannelOpener, type ChannelRefusal, type Constructor, type Dialer, type FrontEnd, type PluginDefinition } from '@lstp/core/plugin';
import { readAll, sampleBytes } from './bytes.js';
import { checksOf, within, type Check } from './check.js';
import { lifecycleChecks } from './lifecycle-checks.js';
import { makeRole, optionsAt } from './make-role.js';
import { Pair } from './pair.js';
import type { Conversation, Place, PluginSample } from './sample.js';
import { SampleServer } from './sample-server.js';

/** For a connect that is given up; the plugin may finish what it is about first. */
const GIVE_UP_MS = 5000;

export function conformsAsBackEnd(plugin: PluginDefinition, sample: PluginSample = {}): Check[] {
  const { prototype } = plugin.backEnd as { prototype: Readonly<Record<string, unknown>> };
  const has = (method: string): boolean => typeof prototype[method] === 'function';
  return [
    ...lifecycleChecks('back end', 'backEnd', plugin, sample),
    ...(has('connect') ? streamChecks(plugin, sample) : []),
    ...(has('connectDatagrams') ? datagramChecks(plugin, sample) : []),
    ...(has('listen') ? listenChecks(plugin, sample) : []),
  ];
}

/** A tunnel whose back end is the plugin's; `use` opens channels as a front end does. */
function withBackEnd(plugin: PluginDefinition, sample: PluginSample, place: Place, use: (channels: ChannelOpener) => Promise<void>): Promise<void> {
  let opener: ChannelOpener | undefined;
  const desk = { ...plugin, frontEnd: borrowing((given) => (opener = given)) };
  const chosen = plugin.targets === 'chosen' ? { allow: ['127.0.0.1:*'] } : {};
  const service = { plugin: plugin.name, ...optionsAt(sample, place), ...chosen };
  return Pair.use({ desk: [desk], lab: [plugin], service }, (pair) => {
    if (opener === undefined) throw new Error('the front end of the suite was not made');
    return use(opener).then(() => pair.quiet());
  });
}

/** A front end that gives away what it opens channels with. */
function borrowing(give: (channels: ChannelOpener) => void): Constructor<FrontEnd> {
  return class implements FrontEnd {
    static readonly inject = [CHANNELS];

    constructor(channels: ChannelOpener) {
      give(channels);
    }

    async start(): Promise<void> {}
    async stop(): Promise<void> {}
  };
}

function streamChecks(plugin: PluginDefinition, sample: PluginSample): Check[] {
  const requestTo = (to: string): { readonly target?: string } => (plugin.targets === 'chosen' ? { target: to } : {});
  const inTunnel = (use: (channels: ChannelOpener, server: SampleServer, to: string) => Promise<void>) => async (place: Place) => {
    const server = await SampleServer.start(sample.backEnd);
    try {
      await withBackEnd(plugin, sample, { ...place, to: server.address }, (channels) => use(channels, server, server.address));
    } finally {
      await server.stop();
    }
  };
  return checksOf('back end', {
    'carries bytes both ways, and a half-close': inTunnel(async (channels, _server, to) => {
      const [client, stream] = await socketPair();
      const { connected, closed } = channels.join(stream, { source: '127.0.0.1:40000', ...requestTo(to) });
      const { says, answer } = sample.backEnd?.conversation ?? echoed(sampleBytes(300_000));
      client.end(says);
      assert.ok((await within("the server's answer, and its end", readAll(client))).equals(answer), 'the server answered other bytes');
      const { bound } = await connected;
      if (bound !== undefined) assert.match(bound, /./, '`bound` is an address, or absent');
      assert.equal(await within('the channel ends', closed), 'done');
    }),
    'lets go of a server whose application has gone': inTunnel(async (channels, server, to) => {
      const [client, stream] = await socketPair();
      await within('it connects', channels.join(stream, requestTo(to)).connected);
      client.resetAndDestroy();
      await until('the connection to the server is closed', () => server.openCount === 0);
    }),
    'resets an application whose server breaks': inTunnel(async (channels, server, to) => {
      const [client, stream] = await socketPair();
      const { connected, closed } = channels.join(stream, requestTo(to));
      await within('it connects', connected);
      server.breakAll();
      assert.equal(await within('the channel ends', closed), 'reset', 'a broken answer looks like a complete one');
      client.destroy();
    }),
    'says why it cannot connect': async (place) => {
      const [port = 0] = await freePorts(1);
      const to = `127.0.0.1:${port}`;
      await withBackEnd(plugin, sample, { ...place, to }, async (channels) => {
        const [client, stream] = await socketPair();
        client.on('error', () => {});
        const refusal = await within('it gives up', channels.join(stream, requestTo(to)).connected.then(() => undefined, (error: ChannelRefusal) => error));
        client.destroy();
        assert.ok(refusal !== undefined, 'nobody listens there, and it says that it has connected');
        assert.notEqual(refusal.reason, 'internal', `it threw no ChannelRefusal: ${refusal.message}`);
        assert.notEqual(refusal.message, '', 'the message is empty');
      });
    },
    'ends a connect that is not answered with its signal': async (place) => {
      const before = openHandles();
      const backEnd = await makeRole('backEnd', plugin, { options: optionsAt(sample, place), folder: place.folder, dialer: SILENT });
      await backEnd.start?.();
      const abort = new AbortController();
      const request: BackEndRequest = plugin.targets === 'chosen' ? { target: place.to, addresses: [{ kind: 'tcp', host: '127.0.0.1', port: 9 }] } : {};
      const connecting = Promise.resolve(backEnd.connect?.(request, abort.signal)).then((made) => made?.stream.on('error', () => {}).destroy(), () => {});
      abort.abort();
      await within('connect() settles after its signal', connecting, GIVE_UP_MS);
      await backEnd.stop?.();
      assert.deepEqual(handlesSince(before), []);
    },
  });
}

/** With a server that gives back what it gets. */
function echoed(bytes: Buffer): Conversation {
  return { says: bytes, answer: bytes };
}

function datagramChecks(plugin: PluginDefinition, sample: PluginSample): Check[] {
  return checksOf('back end', {
    'carries datagrams both ways, and closes its socket': async (place) => {
      const server = createSocket('udp4').bind(0, '127.0.0.1');
      server.on('message', (message, { port, address }) => server.send(message, port, address));
      await once(server, 'listening');
      const to = `127.0.0.1:${server.address().port}`;
      try {
        await withBackEnd(plugin, sample, { ...place, to }, async (channels) => {
          const received: string[] = [];
          const channel = channels.openDatagrams({ ...(plugin.targets === 'chosen' ? { target: to } : {}), onDatagram: (datagram) => received.push(Buffer.from(datagram).toString()) });
          await within('it connects', channel.connected);
          channel.send(Buffer.from('one'));
          channel.send(Buffer.from(''));
          await until('what was sent comes back', () => received.includes('one') && received.includes(''));
          channel.close();
          await within('the channel ends', channel.closed);
        });
      } finally {
        server.close();
      }
    },
  });
}

function listenChecks(plugin: PluginDefinition, sample: PluginSample): Check[] {
  return checksOf('back end', {
    'listens for an application, and gives it what connects': (place) => withBackEnd(plugin, sample, place, async (channels) => {
      const [client, stream] = await socketPair();
      const listener = channels.listen({ target: '127.0.0.1:9', onConnection: (incoming) => incoming.join(stream) });
      const { bound = '' } = await within('it listens', listener.connected);
      const port = Number(/:(\d+)$/.exec(bound)?.[1]);
      const peer = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
      peer.end('from outside');
      assert.equal(String(await within('what it sent arrives', readAll(client))), 'from outside');
      client.end('answer');
      assert.equal(String(await within('the answer arrives', readAll(peer))), 'answer');
      listener.close();
      await within('the channel ends', listener.closed);
      await expectClosed(port);
    }),
  });
}

/** Resolves when nothing listens there any more. */
async function expectClosed(port: number): Promise<void> {
  let isClosed = false;
  await until('it listens no longer when its channel has ended', () => {
    const probe = connect({ host: '127.0.0.1', port });
    probe.once('connect', () => probe.destroy()).once('error', () => (isClosed = true));
    return isClosed;
  });
}

/** Every server is one that never answers. */
const SILENT: Dialer = {
  connect: (_address, signal) => new Promise((_resolve, reject) => {
    const give = (): void => reject(new Error('the application has gone'));
    if (signal.aborted) give();
    signal.addEventListener('abort', give, { once: true });
  }),
};
