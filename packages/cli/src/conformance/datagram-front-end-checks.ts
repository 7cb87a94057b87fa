/** What a front end of datagrams must do beside starting and stopping. */
import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { until } from '@lstp/core/testing';
import type { PluginDefinition } from '@lstp/core/plugin';
import { sampleBytes } from './bytes.js';
import { checksOf, type Check } from './check.js';
import { withFrontEnd } from './front-end-tunnel.js';
import type { Pair } from './pair.js';
import type { PluginSample } from './sample.js';

const SIZES = [0, 1, 100, 1200, 8000];

export function datagramFrontEndChecks(plugin: PluginDefinition, sample: PluginSample): Check[] {
  return checksOf('front end', {
    'carries datagrams both ways, of any size': (place) => withFrontEnd(plugin, sample, place, async (pair) => {
      for (const size of SIZES) await withClient(pair, (client) => expectEcho(client, sampleBytes(size)));
    }),
    'gives each client its own answers': (place) => withFrontEnd(plugin, sample, place, async (pair, script) => {
      await withClient(pair, (first) => withClient(pair, async (second) => {
        await Promise.all([expectEcho(first, Buffer.from('first')), expectEcho(second, Buffer.from('second'))]);
      }));
      assert.equal(script.requests.length, 2, 'one channel for each client');
    }),
    'outlives datagrams that the far end refuses': (place) => withFrontEnd(plugin, sample, place, async (pair, script) => {
      script.mood = { refuses: 'refused' };
      await withClient(pair, async (client) => {
        client.send('lost');
        await until('the far end refuses', () => script.requests.length > 0);
      });
      script.mood = 'echo';
      await withClient(pair, (client) => expectEcho(client, Buffer.from('found')));
    }),
  });
}

async function withClient(pair: Pair, use: (client: Socket) => Promise<void>): Promise<void> {
  const { address } = pair;
  if (address.kind === 'unix') throw new Error('it says that it listens for datagrams, and shows a path');
  const client = createSocket(address.host.includes(':') ? 'udp6' : 'udp4');
  client.connect(address.port, address.host);
  await once(client, 'connect');
  try {
    await use(client);
  } finally {
    client.close();
  }
}

/** Datagrams may be lost: it is sent again until it has come back. */
async function expectEcho(client: Socket, datagram: Buffer): Promise<void> {
  const received: Buffer[] = [];
  client.on('message', (message) => received.push(message));
  const again = setInterval(() => client.send(datagram), 200);
  client.send(datagram);
  try {
    await until('a datagram comes back', () => received.length > 0);
  } finally {
    clearInterval(again);
  }
  assert.ok(received[0]?.equals(datagram), `a datagram of ${datagram.length} bytes came back with ${received[0]?.length}, or changed`);
}
