/** What every plugin must do, whatever its roles. */
import assert from 'node:assert/strict';
import { PluginCatalogue } from '@lstp/core';
import { schemaPieces } from '@lstp/core/config';
import type { PluginDefinition } from '@lstp/core/plugin';
import { checksOf, type Check } from './check.js';
import { optionsAt } from './make-role.js';
import type { PluginSample } from './sample.js';

const ABOUT_CHARACTERS = 120;
const UNKNOWN_KEY = 'no-plugin-has-this-key';

/** Its form, and its options: they accept the sample, refuse what they do not know, and describe each key. */
export function conformsAsPlugin(plugin: PluginDefinition, sample: PluginSample = {}): Check[] {
  const { name, about, options } = plugin;
  return checksOf('plugin', {
    'says in one line what it is': async () => {
      assert.equal(new PluginCatalogue([plugin]).get(name), plugin);
      assert.match(about, /^[^\n]+$/, '`about` is one line');
      assert.ok(about.length <= ABOUT_CHARACTERS, `\`about\` has ${about.length} characters; at most ${ABOUT_CHARACTERS} fit in a line of lstp plugins`);
    },
    'accepts its own sample of options': async (place) => {
      const given = optionsAt(sample, place);
      if (options === undefined) return assert.deepEqual(given, {}, 'the sample has options, and the plugin has none');
      const { success, error } = options.safeParse(given);
      assert.ok(success, `its options refuse the sample: ${error?.message}`);
    },
    'refuses an option that it does not know': async (place) => {
      if (options === undefined) return;
      const { success } = options.safeParse({ ...optionsAt(sample, place), [UNKNOWN_KEY]: 1 });
      assert.equal(success, false, 'a typing error in the chain file would go unnoticed; write options: z.strictObject({ ... })');
    },
    'describes each of its options': async () => {
      if (options === undefined) return;
      const { properties } = schemaPieces([{ ...plugin, frontEnd: Nothing }]).plugins.get(name) ?? { properties: {} };
      for (const [key, { description = '' }] of Object.entries(properties)) assert.notEqual(description, '', `the option "${key}" has no .describe()`);
      const sided = [...(plugin.oneSided?.front ?? []), ...(plugin.oneSided?.back ?? [])];
      for (const key of sided) assert.ok(key in properties, `oneSided names "${key}", which is none of its options`);
    },
  });
}

/** For what asks whether a plugin has options; it is never made. */
class Nothing {
  start(): Promise<void> {
    return Promise.resolve();
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }
}
