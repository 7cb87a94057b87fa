/** The numbered life cycle of the contract, for every role that starts and stops. */
import assert from 'node:assert/strict';
import { handlesSince, openHandles } from '@lstp/core/testing';
import type { PluginDefinition } from '@lstp/core/plugin';
import { checksOf, within, type Check } from './check.js';
import { makeRole, optionsAt, type Role } from './make-role.js';
import type { PluginSample } from './sample.js';

interface Startable {
  start?(): Promise<void>;
  stop?(): Promise<void>;
}

/** Constructing does nothing; start and stop leave nothing; stop may come at any time. */
export function lifecycleChecks(title: string, role: Role, plugin: PluginDefinition, sample: PluginSample): Check[] {
  const make = async (place: Parameters<typeof optionsAt>[1]): Promise<Startable> => (await makeRole(role, plugin, { options: optionsAt(sample, place), folder: place.folder })) as Startable;
  return checksOf(title, {
    'does nothing when it is made': async (place) => {
      const before = openHandles();
      const one = await make(place);
      assert.deepEqual(handlesSince(before), [], 'its constructor opened this');
      assert.equal('then' in one, false, 'its instances look like promises');
    },
    'starts, stops, and leaves nothing': async (place) => {
      const one = await make(place);
      await within('start()', Promise.resolve(one.start?.()));
      await within('stop()', Promise.resolve(one.stop?.()));
    },
    'may be stopped before it has started, and twice': async (place) => {
      await within('stop() without start()', Promise.resolve((await make(place)).stop?.()));
      const one = await make(place);
      await one.start?.();
      await within('stop()', Promise.resolve(one.stop?.()));
      await within('stop() again', Promise.resolve(one.stop?.()));
    },
  });
}
