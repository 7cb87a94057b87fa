/** One program that the bench started: what it says, how it ends, and its end by process id. */
import { spawn, type ChildProcess } from 'node:child_process';
import { isAlive, processTree } from './process-tree.js';

export interface Command {
  /** As messages name it: `stunnel at desk`. */
  readonly name: string;
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Output kept for messages and for untilSays(). */
const KEPT_CHARACTERS = 64 * 1024;
/** From SIGTERM to SIGKILL. */
const PATIENCE_MS = 2000;

export class Child {
  readonly name: string;
  readonly pid: number;
  /** Resolves when the process has ended, with how it ended: `exit status 1`, `SIGTERM`. */
  readonly ended: Promise<string>;
  readonly #process: ChildProcess;
  readonly #listeners = new Set<() => void>();
  #output = '';
  #end: string | undefined;

  /** Throws when the program cannot be started. */
  constructor(command: Command) {
    this.name = command.name;
    this.#process = spawn(command.file, command.args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...command.env } });
    this.ended = new Promise((resolve) => {
      const settle = (how: string): void => {
        this.#end ??= how;
        this.#notify();
        resolve(how);
      };
      this.#process.once('error', (error) => settle(error.message));
      this.#process.once('close', (status, signal) => settle(signal ?? `exit status ${status}`));
    });
    for (const stream of [this.#process.stdout, this.#process.stderr]) stream?.on('data', (chunk: Buffer) => this.#keep(chunk.toString()));
    if (this.#process.pid === undefined) throw new Error(`${this.name}: cannot start ${command.file}`);
    this.pid = this.#process.pid;
  }

  /** How the process ended and what it said last; undefined while it runs. */
  get obituary(): string | undefined {
    return this.#end === undefined ? undefined : `${this.name} ended (${this.#end}): ${this.#lastWords()}`;
  }

  /** Resolves when the output has what is looked for: with the first group of the pattern, or with all it matched. Rejects when the process ends before, or is too late. */
  untilSays(wanted: RegExp, deadlineMs = 20_000): Promise<string> {
    return new Promise((resolve, reject) => {
      const settle = (finish: () => void): void => {
        clearTimeout(timer);
        this.#listeners.delete(look);
        finish();
      };
      const look = (): void => {
        const found = wanted.exec(this.#output);
        if (found !== null) settle(() => resolve(found[1] ?? found[0]));
        else if (this.obituary !== undefined) settle(() => reject(new Error(`${wanted} was awaited, but ${this.obituary}`)));
      };
      const late = (): Error => new Error(`${this.name} did not say ${wanted} within ${deadlineMs} ms: ${this.#lastWords()}`);
      const timer = setTimeout(() => settle(() => reject(late())), deadlineMs);
      this.#listeners.add(look);
      look();
    });
  }

  /** Ends the process and everything below it. Idempotent. */
  async stop(): Promise<void> {
    const tree = processTree(this.pid);
    for (const entry of tree) signal(entry.pid, 'SIGTERM');
    const killRest = (): void => tree.filter(isAlive).forEach((entry) => signal(entry.pid, 'SIGKILL'));
    const timer = setTimeout(killRest, PATIENCE_MS);
    if (this.#end === undefined) await this.ended;
    clearTimeout(timer);
    killRest();
  }

  /** Ends the tree at once and does not wait: for the exit handler of the bench. */
  kill(): void {
    if (this.#end === undefined) for (const entry of processTree(this.pid)) signal(entry.pid, 'SIGKILL');
  }

  #lastWords(): string {
    return this.#output.trim().split('\n').slice(-5).join(' | ');
  }

  #keep(text: string): void {
    this.#output = (this.#output + text).slice(-KEPT_CHARACTERS);
    this.#notify();
  }

  #notify(): void {
    for (const listener of this.#listeners) listener();
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // Ended meanwhile.
  }
}
