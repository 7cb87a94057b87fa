import { ConfigError, parseChain, PluginCatalogue } from '@lstp/core';
import { bundledPlugins } from '../../src/index.js';

/** What `lstp check` says of these services. */
export function faultsOf(...services: readonly string[]): string {
  const text = ['lstp: 1', 'nodes:', '  desk:', '  lab: { listen: "127.0.0.1:7070" }', 'tunnels:', '  t:', '    route: desk > lab', '    services:', ...services.map((line) => `      ${line}`), ''].join('\n');
  try {
    parseChain(text, 'chain.yaml', new PluginCatalogue(bundledPlugins));
    return '';
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
}
