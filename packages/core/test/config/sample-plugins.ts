/** Plugins for tests of the chain file: enough of each kind of option; they do nothing. */
import { z } from 'zod';
import { PLUGIN_API, PluginCatalogue, serviceAddressSchema, serviceListenSchema, type PluginDefinition } from '../../src/index.js';

class Front {
  async start(): Promise<void> {}
  async stop(): Promise<void> {}
}

const forward: PluginDefinition = {
  name: 'forward',
  api: PLUGIN_API,
  about: 'Carries one TCP connection or Unix socket.',
  frontEnd: Front,
  options: z.strictObject({ listen: serviceListenSchema.optional(), to: serviceAddressSchema }),
};

const udp: PluginDefinition = {
  name: 'udp',
  api: PLUGIN_API,
  about: 'Carries datagrams.',
  frontEnd: Front,
  listens: 'datagram',
  options: z.strictObject({ listen: serviceListenSchema, to: serviceAddressSchema }),
};

const socks: PluginDefinition = {
  name: 'socks',
  api: PLUGIN_API,
  about: 'A SOCKS server.',
  targets: 'chosen',
  frontEnd: Front,
  options: z.strictObject({ listen: serviceListenSchema, accounts: z.record(z.string().regex(/^[a-z]+$/), z.string()).optional() }),
};

const x11: PluginDefinition = {
  name: 'x11',
  api: PLUGIN_API,
  about: 'An X display.',
  frontEnd: Front,
  options: z.strictObject({ display: z.int().min(0).max(63), to: z.string(), trust: z.enum(['untrusted', 'trusted']).default('untrusted') }),
};

const bare: PluginDefinition = { name: 'bare', api: PLUGIN_API, about: 'Has no options.', frontEnd: Front };

class Zlib {
  encoder(): never {
    throw new Error('a sample compresses nothing');
  }

  decoder(): never {
    throw new Error('a sample compresses nothing');
  }
}

const zlib: PluginDefinition = { name: 'zlib', api: PLUGIN_API, about: 'Compresses.', codec: Zlib };

class Watch {
  watch(): undefined {}
}

const record: PluginDefinition = { name: 'record', api: PLUGIN_API, about: 'Records.', options: z.strictObject({ file: z.string() }), monitor: Watch };

const seeing: PluginDefinition = {
  name: 'seeing',
  api: PLUGIN_API,
  about: 'Carries, and watches what it carries.',
  frontEnd: Front,
  monitor: Watch,
  options: z.strictObject({ to: z.string() }),
  attachedOptions: { monitor: z.strictObject({ depth: z.int().default(3) }) },
};

class Passwords {
  verify(): Promise<undefined> {
    return Promise.resolve(undefined);
  }
}

const login: PluginDefinition = {
  name: 'login',
  api: PLUGIN_API,
  about: 'Users with passwords.',
  options: z.strictObject({ user: z.string(), password: z.string(), file: z.string() }),
  oneSided: { front: ['user', 'password'], back: ['file'] },
  login: Passwords,
};

class Secure {
  secure(): Promise<never> {
    return Promise.reject(new Error('a sample secures nothing'));
  }
}

const tls: PluginDefinition = { name: 'tls', api: PLUGIN_API, about: 'secures carriers', security: Secure };

export const SAMPLE_PLUGINS: readonly PluginDefinition[] = [forward, udp, socks, x11, bare, tls, zlib, record, seeing, login];
export const SAMPLE_CATALOGUE = new PluginCatalogue(SAMPLE_PLUGINS);
