/** Plugins for tests of the map: options of every kind that it shows; they do nothing. */
import { PLUGIN_API, serviceAddressSchema, serviceListenSchema, type PluginDefinition } from '@lstp/core';
import { z } from 'zod';

class Front {
  async start(): Promise<void> {}
  async stop(): Promise<void> {}
}

const sample = { api: PLUGIN_API, about: 'A sample.', frontEnd: Front } as const;

class Zlib {
  encoder(): never {
    throw new Error('a sample compresses nothing');
  }

  decoder(): never {
    throw new Error('a sample compresses nothing');
  }
}

export const SAMPLE_PLUGINS: readonly PluginDefinition[] = [
  { ...sample, name: 'forward', options: z.strictObject({ listen: serviceListenSchema.optional(), to: serviceAddressSchema }) },
  { ...sample, name: 'udp', listens: 'datagram', options: z.strictObject({ listen: serviceListenSchema, to: serviceAddressSchema }) },
  { ...sample, name: 'socks', targets: 'chosen', options: z.strictObject({ listen: serviceListenSchema, accounts: z.record(z.string(), z.string()).optional() }) },
  { ...sample, name: 'x11', options: z.strictObject({ display: z.int(), to: z.string() }) },
  { api: PLUGIN_API, about: 'Compresses.', name: 'zlib', codec: Zlib },
];
