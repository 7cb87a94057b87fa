/** Owner of everything a figure starts: processes, temporary folders, taps. What it owns ends with it, whatever happens. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Child, type Command } from './child.js';

interface Owned {
  /** Orderly. */
  dispose(): Promise<void>;
  /** At once, when the bench itself is about to exit. */
  abandon(): void;
}

const open = new Set<Scope>();
process.once('exit', () => {
  for (const scope of open) scope.abandon();
});

export class Scope {
  readonly #owned: Owned[] = [];
  readonly #children: Child[] = [];

  constructor() {
    open.add(this);
  }

  /** Runs `work` with a scope of its own, which ends with it. */
  static async with<T>(work: (scope: Scope) => Promise<T>): Promise<T> {
    const scope = new Scope();
    try {
      return await work(scope);
    } catch (error) {
      throw scope.#explain(error);
    } finally {
      await scope.dispose();
    }
  }

  /** Ends every scope there is: for a signal. */
  static async disposeAll(): Promise<void> {
    await Promise.all([...open].map((scope) => scope.dispose()));
  }

  own(owned: Owned): void {
    this.#owned.push(owned);
  }

  /** A folder only this user reads. */
  temporaryFolder(): string {
    const folder = mkdtempSync(join(tmpdir(), 'lstp-bench-'));
    const remove = (): void => rmSync(folder, { recursive: true, force: true });
    this.own({ dispose: async () => remove(), abandon: remove });
    return folder;
  }

  start(command: Command): Child {
    const child = new Child(command);
    this.#children.push(child);
    this.own({ dispose: () => child.stop(), abandon: () => child.kill() });
    return child;
  }

  /** Last come, first gone; a failure of one keeps no other alive. Idempotent. */
  async dispose(): Promise<void> {
    const failures: unknown[] = [];
    for (let owned = this.#owned.pop(); owned !== undefined; owned = this.#owned.pop()) {
      await owned.dispose().catch((error: unknown) => failures.push(error));
    }
    open.delete(this);
    if (failures.length > 0) throw new AggregateError(failures, 'not everything could be ended');
  }

  /** A program that has ended is often the cause of what failed elsewhere. */
  #explain(error: unknown): unknown {
    const message = error instanceof Error ? error.message : String(error);
    const ended = this.#children.flatMap((child) => child.obituary ?? []).filter((obituary) => !message.includes(obituary));
    return ended.length === 0 ? error : new Error([message, ...ended].join('; '), { cause: error });
  }

  abandon(): void {
    for (const owned of this.#owned.splice(0).reverse()) owned.abandon();
  }
}
