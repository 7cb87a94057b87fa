/** Where a front end listens: shown, refused where it is taken, free again afterwards. */
import assert from 'node:assert/strict';
import type { FrontEnd, PluginDefinition } from '@lstp/core/plugin';
import { checksOf, within, type Check } from './check.js';
import { makeRole, optionsAt } from './make-role.js';
import type { Place, PluginSample } from './sample.js';

export function listeningChecks(plugin: PluginDefinition, sample: PluginSample): Check[] {
  const make = (place: Place, listen = place.listen): Promise<FrontEnd> => makeRole('frontEnd', plugin, { options: optionsAt(sample, { ...place, listen }), folder: place.folder });
  const started = async (place: Place, use: (front: FrontEnd, address: string) => Promise<void>): Promise<void> => {
    const front = await make(place);
    await within('start()', front.start());
    try {
      const [address] = front.addresses ?? [];
      assert.ok(address !== undefined, 'it listens, and `addresses` does not say where');
      await use(front, address);
    } finally {
      await front.stop();
    }
  };
  return checksOf('front end', {
    'shows where it listens, while it does': async (place) => {
      const front = await make(place);
      assert.deepEqual(front.addresses ?? [], [], 'it shows an address before it listens');
      await started(place, async (_front, address) => assert.doesNotMatch(address, /:0$/, '`addresses` has the real port'));
    },
    'refuses to start where its address is taken, and names it': (place) => started(place, async (_front, address) => {
      const second = await make(place, address);
      await assert.rejects(within('start()', second.start()), (error: Error) => {
        assert.ok(error.message.includes(address), `the message does not name ${address}: ${error.message}`);
        return true;
      });
      await within('stop() after a failed start', second.stop());
    }),
    'frees its address when it stops': async (place) => {
      let freed = '';
      await started(place, async (_front, address) => void (freed = address));
      const next = await make(place, freed);
      await within('start() at an address that was freed', next.start());
      await next.stop();
    },
  });
}
