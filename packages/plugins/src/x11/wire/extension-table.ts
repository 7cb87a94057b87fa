/** The extensions that a client has asked the server for, as QueryExtension's replies say: where each has its numbers. */
import { extensionLayout } from './layouts/extensions.js';
import type { Layout } from './layouts/layout.js';

export interface Extension {
  readonly name: string;
  readonly major: number;
  readonly firstEvent: number;
  readonly firstError: number;
  /** Undefined where no table has it. */
  readonly layout: Layout | undefined;
}

export class ExtensionTable {
  readonly #byMajor: (Extension | undefined)[] = [];

  /** Takes in the reply of QueryExtension at `at` (present 8, major 9, first event 10, first error 11). */
  learn(name: string, reply: Uint8Array, at: number): void {
    const [present, major, firstEvent, firstError] = reply.subarray(at + 8, at + 12) as unknown as [number, number, number, number];
    if (present === 0) return;
    this.#byMajor[major] = { name, major, firstEvent, firstError, layout: extensionLayout(name) };
  }

  at(major: number): Extension | undefined {
    return this.#byMajor[major];
  }

  get all(): readonly Extension[] {
    return this.#byMajor.filter((one) => one !== undefined);
  }

  /** Whose event a code is: the extension with the nearest first event, not above. Extensions without events have 0. */
  ofEvent(code: number): Extension | undefined {
    return nearest(this.all, code, ({ firstEvent }) => firstEvent);
  }

  ofError(code: number): Extension | undefined {
    return nearest(this.all, code, ({ firstError }) => firstError);
  }
}

function nearest(extensions: readonly Extension[], code: number, first: (extension: Extension) => number): Extension | undefined {
  let best: Extension | undefined;
  for (const one of extensions) if (first(one) !== 0 && first(one) <= code && (best === undefined || first(one) > first(best))) best = one;
  return best;
}
