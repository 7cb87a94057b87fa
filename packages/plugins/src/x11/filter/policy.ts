/** Which requests are refused. */
import type { Request } from '../wire/request.js';
import type { Judge } from './client-side.js';
import type { Connection } from './connection.js';
import { LOCAL_REQUESTS } from './hidden-extensions.js';
import type { PolicyOptions } from './policy-options.js';
import { X_ERROR, type Refusal } from './refusal.js';

export class Policy implements Judge {
  readonly usesAtoms = false;
  readonly hiddenExtensions: readonly string[];
  readonly #connection: Connection;
  readonly #refusesLocal: boolean;

  constructor(connection: Connection, { deny = [] }: PolicyOptions, { hiddenExtensions }: { readonly hiddenExtensions: readonly string[] }) {
    this.#connection = connection;
    this.hiddenExtensions = deny;
    this.#refusesLocal = hiddenExtensions.includes('MIT-SHM');
  }

  inspects(): number {
    return 4;
  }

  judge({ major, minor }: Request): Refusal | undefined {
    const extension = this.#connection.extensions.at(major);
    const isLocal = this.#refusesLocal && extension !== undefined && LOCAL_REQUESTS[extension.name]?.has(minor) === true;
    return isLocal ? { kind: 'error', rule: 'local only', code: X_ERROR.access, resource: 0 } : undefined;
  }
}
