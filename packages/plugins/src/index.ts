/** @lstp/plugins: the plugins that come with lstp, one folder each. Importing a plugin does nothing. */
import type { PluginDefinition } from '@lstp/core';

/** All of them, as `lstp` hands them to a chain file. */
export const bundledPlugins: readonly PluginDefinition[] = [];
