/** Somebody at an interactive ssh session: types a question, waits for the answer, types the next. */
import { setTimeout as later } from 'node:timers/promises';
import type { Running } from 'lstp/testing';

/** From an answer to the next question. */
const BETWEEN_MS = 20;

export class SshSession {
  /** How long each answer took, ms. */
  readonly waits: number[] = [];
  readonly #running: Running;
  readonly #done: Promise<void>;
  #asked = 0;
  #leaving = false;

  /** `running` is an ssh with a shell on a terminal, without prompt. */
  constructor(running: Running) {
    this.#running = running;
    this.#done = this.#talk();
    this.#done.catch(() => {});
  }

  /** Ends the shell. Rejects where the session broke, or where what came is not each answer once, in order. */
  async leave(): Promise<void> {
    this.#leaving = true;
    await this.#done;
    this.#running.child.stdin?.write('exit 42\n');
    const { status, stdout } = await this.#running.ended;
    const said = stdout.replaceAll('\r', '').split('\n').filter((line) => line.startsWith('answer')).join('\n');
    const right = Array.from({ length: this.#asked }, (_, index) => `answer ${(index + 1) * 7}.`).join('\n');
    if (status !== 42 || said !== right) throw new Error(`ssh ended with ${status} after ${this.#asked} questions:\n${stdout}`);
  }

  async #talk(): Promise<void> {
    this.#running.child.stdin?.write('stty -echo; echo $((40 + 2)) ready\n');
    await this.#running.says(/^42 ready\r?$/m);
    while (!this.#leaving) {
      this.#asked += 1;
      const since = performance.now();
      this.#running.child.stdin?.write(`echo answer $((${this.#asked} * 7)).\n`);
      await this.#running.says(new RegExp(`^answer ${this.#asked * 7}\\.\r?$`, 'm'));
      this.waits.push(performance.now() - since);
      await later(BETWEEN_MS);
    }
  }
}
