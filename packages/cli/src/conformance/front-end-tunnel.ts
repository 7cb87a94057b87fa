/** A tunnel whose front end is the plugin's, and whose back end is the suite's. */
import type { PluginDefinition } from '@lstp/core/plugin';
import { optionsAt } from './make-role.js';
import { Pair } from './pair.js';
import type { Place, PluginSample } from './sample.js';
import { scriptedBackEnd, type Script } from './scripted-back-end.js';

/** Where clients that choose a target want to go. The suite's back end does not look at it. */
export const TARGET = '127.0.0.1:9';
const ALLOW = ['127.0.0.1:*'];

export function withFrontEnd(plugin: PluginDefinition, sample: PluginSample, place: Place, use: (pair: Pair, script: Script) => Promise<void>): Promise<void> {
  const script: Script = { mood: 'echo', requests: [], aborted: 0 };
  const lab = { ...plugin, backEnd: scriptedBackEnd(script) };
  const chosen = plugin.targets === 'chosen' ? { allow: ALLOW } : {};
  return Pair.use({ desk: [plugin], lab: [lab], service: { plugin: plugin.name, ...optionsAt(sample, place), ...chosen } }, (pair) => use(pair, script));
}
