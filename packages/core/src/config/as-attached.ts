import type { PluginDefinition } from '../plugin/contract.js';

/** A plugin with the options of its entries in `monitors` and `rewriters`, which may be others than those of its services. */
export function asAttached(plugin: PluginDefinition): PluginDefinition {
  const { attachedOptions } = plugin;
  return attachedOptions === undefined ? plugin : { ...plugin, options: attachedOptions };
}
