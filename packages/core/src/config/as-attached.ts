import type { PluginDefinition } from '../plugin/contract.js';

/** A plugin with the options of its entries in `monitors` or `rewriters`, which may be others than those of its services. */
export function asAttached(plugin: PluginDefinition, role: 'monitor' | 'rewriter' | 'login'): PluginDefinition {
  const options = role === 'login' ? undefined : plugin.attachedOptions?.[role];
  return options === undefined ? plugin : { ...plugin, options };
}
