/** Plugins for tests of the chain file: enough of each kind of option; they do nothing. */
import { z } from 'zod';
import { PLUGIN_API, PluginCatalogue, serviceAddressSchema, serviceListenSchema, type PluginDefinition } from '../../src/index.js';

const forward: PluginDefinition = {
  name: 'forward',
  api: PLUGIN_API,
  about: 'Carries one TCP connection or Unix socket.',
  options: z.strictObject({ listen: serviceListenSchema.optional(), to: serviceAddressSchema }),
};

const udp: PluginDefinition = {
  name: 'udp',
  api: PLUGIN_API,
  about: 'Carries datagrams.',
  listens: 'datagram',
  options: z.strictObject({ listen: serviceListenSchema, to: serviceAddressSchema }),
};

const socks: PluginDefinition = {
  name: 'socks',
  api: PLUGIN_API,
  about: 'A SOCKS server.',
  options: z.strictObject({ listen: serviceListenSchema, allow: z.array(z.string()).default([]), users: z.record(z.string().regex(/^[a-z]+$/), z.string()).optional() }),
};

const x11: PluginDefinition = {
  name: 'x11',
  api: PLUGIN_API,
  about: 'An X display.',
  options: z.strictObject({ display: z.int().min(0).max(63), to: z.string(), trust: z.enum(['untrusted', 'trusted']).default('untrusted') }),
};

const bare: PluginDefinition = { name: 'bare', api: PLUGIN_API, about: 'Has no options.' };

export const SAMPLE_PLUGINS: readonly PluginDefinition[] = [forward, udp, socks, x11, bare];
export const SAMPLE_CATALOGUE = new PluginCatalogue(SAMPLE_PLUGINS);
