/** A real tunnel with a plugin attached to a plain service. */
import assert from 'node:assert/strict';
import type { PluginDefinition } from '@lstp/core/plugin';
import { readAll, sampleBytes } from './bytes.js';
import { within } from './check.js';
import { connectTo, Pair } from './pair.js';
import type { Place } from './sample.js';
import { SampleServer } from './sample-server.js';

/** A service with `keys`, through whose channels an echo server answers with the same bytes. */
export async function expectEchoThrough(plugin: PluginDefinition, place: Place, keys: Readonly<Record<string, unknown>>): Promise<void> {
  const server = await SampleServer.start();
  try {
    const service = { listen: place.listen, to: server.address, ...keys };
    await Pair.use({ desk: [plugin], lab: [plugin], service }, async (pair) => {
      const bytes = sampleBytes(500_000);
      const client = await connectTo(pair.address);
      client.end(bytes);
      assert.ok((await within('the answer of an echo server', readAll(client))).equals(bytes), 'an echo server gave back other bytes');
      const broken = await connectTo(pair.address);
      broken.resetAndDestroy();
      await pair.quiet();
    });
  } finally {
    await server.stop();
  }
}
