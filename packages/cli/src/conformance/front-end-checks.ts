/** What a front end must do. The rest of the tunnel is real; the back end at its other end is the suite's. */
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { CHANNEL_CODES } from '@lstp/core/protocol';
import { until } from '@lstp/core/testing';
import type { ChannelCode, PluginDefinition } from '@lstp/core/plugin';
import { readAll, sampleBytes } from './bytes.js';
import { checksOf, within, type Check } from './check.js';
import { datagramFrontEndChecks } from './datagram-front-end-checks.js';
import { TARGET, withFrontEnd } from './front-end-tunnel.js';
import { lifecycleChecks } from './lifecycle-checks.js';
import { listeningChecks } from './listening-checks.js';
import type { Pair } from './pair.js';
import type { Place, PluginSample } from './sample.js';
import type { Script } from './scripted-back-end.js';
import { SlowPath } from './slow-path.js';

/** Not the reasons that a channel ends with when nothing went wrong. */
const REFUSALS = CHANNEL_CODES.filter((code) => code !== 'done');
const GARBAGE: readonly Buffer[] = [
  Buffer.of(0), Buffer.alloc(70_000, 'x'), Buffer.alloc(70_000), Buffer.from('GET / HTTP/1.1\r\n\r\n'), Buffer.from('\r\n\r\n\r\n'), Buffer.of(0x16, 3, 1, 0xff, 0xff),
  ...Array.from({ length: 12 }, (_, seed) => sampleBytes(1 + seed * 40, `garbage ${seed}`)),
];

export function conformsAsFrontEnd(plugin: PluginDefinition, sample: PluginSample = {}): Check[] {
  const shared = [...lifecycleChecks('front end', 'frontEnd', plugin, sample), ...listeningChecks(plugin, sample)];
  return [...shared, ...(plugin.listens === 'datagram' ? datagramFrontEndChecks(plugin, sample) : streamChecks(plugin, sample))];
}

function streamChecks(plugin: PluginDefinition, sample: PluginSample): Check[] {
  const open = sample.frontEnd?.open ?? (async () => undefined);
  const inTunnel = (use: (pair: Pair, script: Script) => Promise<void>) => (place: Place) => withFrontEnd(plugin, sample, place, use);

  const expectEcho = async (client: Socket, count = 300_000): Promise<void> => {
    const bytes = sampleBytes(count);
    const head = (await within('the client of the sample opens a channel', open(client, TARGET))) ?? new Uint8Array();
    client.end(bytes);
    const received = await within('the answer of an echo server, and its end', readAll(client));
    assert.ok(received.equals(Buffer.concat([head, bytes])), `an echo server gave back ${received.length} bytes, and they are not the ${head.length + count} that were sent`);
  };

  return checksOf('front end', {
    'carries bytes both ways, and a half-close': inTunnel(async (pair) => {
      await expectEcho(await pair.client());
      await expectEcho(await pair.client(), 0);
      await pair.quiet();
    }),
    'serves many clients at once': inTunnel(async (pair) => {
      await Promise.all(Array.from({ length: 20 }, async () => expectEcho(await pair.client(), 10_000)));
      await pair.quiet();
    }),
    'takes a client whose bytes come one by one': inTunnel(async (pair) => {
      const path = await SlowPath.to(pair.address, 600);
      try {
        await expectEcho(await path.client(), 2000);
      } finally {
        await path.stop();
      }
    }),
    'outlives clients that leave, reset or talk nonsense': inTunnel(async (pair) => {
      const silent = await pair.client();
      (await pair.client()).resetAndDestroy();
      await gone((await pair.client()).end());
      await Promise.all(GARBAGE.map(async (bytes) => gone((await pair.client()).end(bytes))));
      const broken = await pair.client();
      void open(broken, TARGET).catch(() => {});
      broken.resetAndDestroy();
      await expectEcho(await pair.client(), 1000);
      silent.destroy();
      await pair.quiet();
    }),
    'ends a client whose channel is refused, whatever the reason': inTunnel(async (pair, script) => {
      for (const reason of REFUSALS) await expectRefused(pair, { script, reason, sample });
      script.mood = 'echo';
      await expectEcho(await pair.client(), 100);
      await pair.quiet();
    }),
    'lets go of a server that has not answered when the client leaves': inTunnel(async (pair, script) => {
      script.mood = 'silent';
      const client = await pair.client();
      void open(client, TARGET).catch(() => {});
      await until('the far end is asked to connect', () => script.requests.length > 0);
      client.resetAndDestroy();
      await until('the far end is told that nobody waits any more', () => script.aborted > 0);
      await pair.quiet();
    }),
    'says who the application is, and where it wants to go': inTunnel(async (pair, script) => {
      const client = await pair.client();
      const { localPort } = client;
      await expectEcho(client, 1);
      const [request] = script.requests;
      assert.equal(request?.target, plugin.targets === 'chosen' ? TARGET : undefined);
      if (pair.address.kind === 'tcp') assert.equal(request?.source, `127.0.0.1:${localPort}`);
    }),
  });
}

async function expectRefused(pair: Pair, { script, reason, sample }: { readonly script: Script; readonly reason: ChannelCode; readonly sample: PluginSample }): Promise<void> {
  script.mood = { refuses: reason };
  const path = await SlowPath.to(pair.address, 0);
  try {
    const client = await path.client();
    void Promise.resolve(sample.frontEnd?.open?.(client, TARGET)).catch(() => {}).then(() => client.resume());
    await within(`the connection of a client ends whose channel is refused (${reason})`, gone(client));
    sample.frontEnd?.refused?.(reason, Buffer.concat(path.received));
  } finally {
    await path.stop();
  }
}

/** Resolves when the other side has ended, or broken, the connection; which is then closed. */
async function gone(client: Socket): Promise<void> {
  client.resume();
  await within('the connection is ended', new Promise<void>((resolve) => client.once('end', resolve).once('close', () => resolve())));
  client.destroy();
}
