/** The plugins that carry legs, made once a node, when first needed. */
import { construct, type LegDialerRole, type LegListenerRole, type PluginDefinition } from '@lstp/core';
import type { DependencyContainer } from 'tsyringe';

export class LegRoles {
  readonly #plugins: readonly PluginDefinition[];
  readonly #container: DependencyContainer;
  readonly #dialers = new Map<PluginDefinition, LegDialerRole>();
  readonly #listeners = new Map<PluginDefinition, LegListenerRole>();

  /** `container` is the node's: constructors get from it what they ask for. Of two plugins for one scheme the first counts. */
  constructor(plugins: readonly PluginDefinition[], container: DependencyContainer) {
    this.#plugins = plugins;
    this.#container = container;
  }

  /** Undefined: no plugin dials this scheme. */
  dialer(scheme: string): LegDialerRole | undefined {
    const plugin = this.#plugins.find(({ schemes, legDialer }) => legDialer !== undefined && schemes?.includes(scheme) === true);
    if (plugin?.legDialer === undefined) return undefined;
    const made = this.#dialers.get(plugin) ?? construct(this.#container, plugin.legDialer);
    this.#dialers.set(plugin, made);
    return made;
  }

  /** Undefined: no plugin takes legs of this scheme. */
  listener(scheme: string): LegListenerRole | undefined {
    const plugin = this.#plugins.find(({ schemes, legListener }) => legListener !== undefined && schemes?.includes(scheme) === true);
    if (plugin?.legListener === undefined) return undefined;
    const made = this.#listeners.get(plugin) ?? construct(this.#container, plugin.legListener);
    this.#listeners.set(plugin, made);
    return made;
  }
}
