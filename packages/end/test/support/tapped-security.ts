/** The streams of an end's carriers, in the hands of a test. */
import type { Duplex } from 'node:stream';
import { definePlugin, IDENTITY, PLUGIN_API, type Identity, type PluginDefinition, type SecuredCarrier, type Security, type SecurityRequest } from '@lstp/core';
import { bundledPlugins } from '@lstp/plugins';
import { container, inject, injectable } from 'tsyringe';

const bundledSecurity = bundledPlugins.find((plugin) => plugin.security !== undefined);

/** The bundled plugins, and every stream that they secured: whoever has one can say anything to the other end. */
export function pluginsWithStreams(streams: Duplex[]): PluginDefinition[] {
  @injectable()
  class Tapped implements Security {
    readonly #inner: Security;
    constructor(@inject(IDENTITY) identity: Identity) {
      const { security } = bundledSecurity ?? {};
      if (security === undefined) throw new Error('no bundled plugin secures carriers');
      this.#inner = container.createChildContainer().registerInstance(IDENTITY, identity).resolve(security);
    }
    async secure(request: SecurityRequest): Promise<SecuredCarrier> {
      const secured = await this.#inner.secure(request);
      streams.push(secured.stream);
      return secured;
    }
  }
  const tapped = definePlugin({ name: 'tapped', api: PLUGIN_API, about: 'what the bundled one secures, and the stream of it', security: Tapped });
  return [...bundledPlugins.filter((plugin) => plugin !== bundledSecurity), tapped];
}
