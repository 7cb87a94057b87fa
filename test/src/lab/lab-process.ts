/** A program that runs in the laboratory: what it said, and its end. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

export interface LabEnd {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export class LabProcess {
  readonly child: ChildProcess;
  readonly ended: Promise<LabEnd>;
  stdout = '';
  stderr = '';

  constructor(child: ChildProcess) {
    this.child = child;
    child.stdout?.on('data', (chunk: Buffer) => (this.stdout += chunk.toString('latin1')));
    child.stderr?.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
    child.stdin?.on('error', () => {});
    this.ended = once(child, 'close').then(([status]) => ({ status: status as number | null, stdout: this.stdout, stderr: this.stderr }));
  }

  /** Resolves when this has been printed. Rejects, with all that was printed, when the process ends first. */
  says(what: RegExp): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        if (!what.test(this.stdout) && !what.test(this.stderr)) return;
        for (const stream of [this.child.stdout, this.child.stderr]) stream?.off('data', look);
        resolve();
      };
      for (const stream of [this.child.stdout, this.child.stderr]) stream?.on('data', look);
      void this.ended.then(({ status }) => reject(new Error(`ended with ${status} before it said ${what}\n${this.stdout}\n${this.stderr}`)));
      look();
    });
  }

  /** The process and all that it made. */
  async end(signal: NodeJS.Signals = 'SIGKILL'): Promise<LabEnd> {
    if (this.child.exitCode === null && this.child.signalCode === null && this.child.pid !== undefined) process.kill(-this.child.pid, signal);
    return this.ended;
  }
}
