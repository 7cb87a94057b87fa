/** The plugins that a chain file may name. Core names none itself: whoever starts a node hands them in. */
import type { PluginDefinition } from './contract.js';
import { importPlugin } from './import-plugin.js';

export interface CatalogueOptions {
  /**
   * Whether it holds every plugin that the file's `plugins:` brings. If not (`lstp check --no-plugins`),
   * services of plugins it does not know are accepted unchecked where the file has `plugins:`.
   */
  readonly complete?: boolean;
}

/** What is wrong with the module at `index` of those asked for, and what would be right. */
export interface ModuleFault {
  readonly index: number;
  readonly message: string;
}

export class PluginCatalogue {
  readonly #byName: ReadonlyMap<string, PluginDefinition>;
  readonly complete: boolean;

  /** Throws a plain Error where two plugins have one name. */
  constructor(definitions: Iterable<PluginDefinition>, { complete = true }: CatalogueOptions = {}) {
    const byName = new Map<string, PluginDefinition>();
    for (const definition of definitions) {
      if (byName.has(definition.name)) throw new Error(`two plugins are named "${definition.name}"`);
      byName.set(definition.name, definition);
    }
    this.#byName = byName;
    this.complete = complete;
  }

  get(name: string): PluginDefinition | undefined {
    return this.#byName.get(name);
  }

  names(): readonly string[] {
    return [...this.#byName.keys()];
  }

  definitions(): readonly PluginDefinition[] {
    return [...this.#byName.values()];
  }

  /**
   * This catalogue and the plugins of further modules: paths from `baseDir`, or package names resolved from there.
   * A module that cannot be used, or imported in `timeoutMs` (10 s if absent), is a fault and adds nothing; the others
   * are still there.
   */
  async withModules(specifiers: readonly string[], baseDir: string, { timeoutMs }: { readonly timeoutMs?: number } = {}): Promise<{ readonly catalogue: PluginCatalogue; readonly faults: readonly ModuleFault[] }> {
    const definitions = this.definitions().slice();
    const faults: ModuleFault[] = [];
    for (const [index, specifier] of specifiers.entries()) {
      const result = await importPlugin(specifier, baseDir, timeoutMs);
      if ('fault' in result) faults.push({ index, message: result.fault });
      else if (definitions.some(({ name }) => name === result.plugin.name)) faults.push({ index, message: `"${specifier}" brings a plugin "${result.plugin.name}", and there is one of that name already; give it another name` });
      else definitions.push(result.plugin);
    }
    return { catalogue: new PluginCatalogue(definitions, { complete: this.complete }), faults };
  }
}
