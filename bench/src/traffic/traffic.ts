/** The two traffic programs as the bench sees them: processes of their own, driven by calls. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Scope } from '../process/scope.js';
import type { Calls, Reply, Request } from './wire.js';

/** A call that takes longer than this has hung. The longest are the releases of thousands of connections. */
const CALL_DEADLINE_MS = 300_000;

/** A process that answers calls. */
export class Program {
  readonly #name: string;
  readonly #process: ChildProcess;
  readonly #waiting = new Map<number, (reply: Reply) => void>();
  #nextId = 1;

  constructor(name: string) {
    this.#name = name;
    this.#process = fork(fileURLToPath(new URL(`./${name}.js`, import.meta.url)), { serialization: 'advanced' });
    this.#process.on('message', (reply: Reply) => this.#waiting.get(reply.id)?.(reply));
    this.#process.once('exit', (status, signal) => {
      for (const [id, settle] of this.#waiting) settle({ id, error: `ended (${signal ?? status})` });
    });
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** Rejects with the program's message when the call fails there, when the program ends, or after five minutes. */
  call<C extends keyof Calls>(call: C, parameters: Calls[C]['parameters']): Promise<Calls[C]['result']> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const settle = (reply: Reply): void => {
        clearTimeout(timer);
        this.#waiting.delete(id);
        if (reply.error === undefined) resolve(reply.result as Calls[C]['result']);
        else reject(new Error(`traffic ${this.#name}, ${call}: ${reply.error}`));
      };
      const timer = setTimeout(() => settle({ id, error: `no answer after ${CALL_DEADLINE_MS} ms` }), CALL_DEADLINE_MS);
      this.#waiting.set(id, settle);
      this.#process.send({ id, call, parameters } satisfies Request);
    });
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    this.#process.kill('SIGKILL');
    await once(this.#process, 'exit');
  }

  kill(): void {
    this.#process.kill('SIGKILL');
  }
}

export interface Traffic {
  readonly client: Program;
  readonly server: Program;
  /** Where the server listens. */
  readonly target: number;
}

export async function startTraffic(scope: Scope): Promise<Traffic> {
  const [client, server] = [new Program('client'), new Program('server')];
  for (const program of [client, server]) scope.own({ dispose: () => program.stop(), abandon: () => program.kill() });
  return { client, server, target: await server.call('listen', {}) };
}
