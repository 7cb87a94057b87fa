/** The command as users run it: a process of its own, with its own home and runtime directory. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const BIN = fileURLToPath(new URL('../../../bin/lstp.js', import.meta.url));

export interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder to work in; everything that runs there is ended by `remove()`. */
export class Workplace {
  readonly folder = mkdtempSync(join(tmpdir(), 'lstp-cli-'));
  readonly #running = new Set<ChildProcess>();

  /** Runs to its end. */
  run(args: readonly string[], input = ''): Promise<Ended> {
    const process = this.start(args);
    process.child.stdin?.end(input);
    return process.ended;
  }

  /** Runs on until it is ended. */
  start(args: readonly string[]): Running {
    return this.spawn(process.execPath, [BIN, ...args]);
  }

  /** Any other program, here. */
  spawn(program: string, args: readonly string[]): Running {
    const env = { ...process.env, HOME: this.folder, XDG_RUNTIME_DIR: this.folder, TMPDIR: this.folder, NO_COLOR: '1' };
    const child = spawn(program, args, { cwd: this.folder, env, stdio: 'pipe' });
    this.#running.add(child);
    child.once('exit', () => this.#running.delete(child));
    return new Running(child);
  }

  async remove(): Promise<void> {
    await Promise.all(
      [...this.#running].map(async (child) => {
        const exit = once(child, 'exit');
        child.kill('SIGKILL');
        await exit;
      }),
    );
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export class Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  stdout = '';
  stderr = '';

  constructor(child: ChildProcess) {
    this.child = child;
    child.stdout?.on('data', (chunk: Buffer) => (this.stdout += chunk.toString()));
    child.stderr?.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
    child.stdin?.on('error', () => {});
    this.ended = once(child, 'close').then(([status, signal]) => ({ status, signal, stdout: this.stdout, stderr: this.stderr }));
  }

  /** Resolves when this has been printed. Rejects, with all that was printed, when the process ends first. */
  says(what: RegExp, on: 'stdout' | 'stderr' = 'stdout'): Promise<RegExpExecArray> {
    const stream = this.child[on];
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const found = what.exec(this[on]);
        if (found === null) return;
        stream?.off('data', look);
        resolve(found);
      };
      stream?.on('data', look);
      void this.ended.then(({ status }) => reject(new Error(`ended with ${status} before it said ${what}\n${this.stdout}\n${this.stderr}`)));
      look();
    });
  }

  /** Sends a signal and waits for the end. */
  end(signal: NodeJS.Signals = 'SIGTERM'): Promise<Ended> {
    this.child.kill(signal);
    return this.ended;
  }
}
