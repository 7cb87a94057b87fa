/**
 * Asks for a secret on the terminal: nothing of it is shown. Asks nobody where there is no terminal to answer at: a
 * service of systemd, a job in the background, input from a pipe.
 */
import { readFileSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';

const KEYS = { end: '\u0004', interrupt: '\u0003', delete: '\u007f', backspace: '\b', line: '\u0015' } as const;
const SECRET_CHARACTERS = 1024;

/** Whether someone can be asked. */
export function isTerminal(): boolean {
  return process.stdin.isTTY && process.stderr.isTTY && isForeground();
}

let last: Promise<unknown> = Promise.resolve();

/**
 * Resolves with what was typed; questions are asked one after the other. Rejects (ERR_LSTP_NO_ANSWER) on Ctrl-D, on
 * `signal`, and on Ctrl-C, which interrupts the process as anywhere else. Use it where isTerminal() only.
 */
export function promptSecret(question: string, signal?: AbortSignal): Promise<string> {
  const answer = last.then(() => ask(question, signal));
  last = answer.catch(() => {});
  return answer;
}

function ask(question: string, signal: AbortSignal | undefined): Promise<string> {
  const { stdin, stderr } = process;
  if (signal?.aborted === true) throw noAnswer();
  return new Promise((resolve, reject) => {
    const editor = new LineEditor();
    const finish = (settle: () => void): void => {
      stdin.off('data', handleKeys);
      signal?.removeEventListener('abort', handleAbort);
      stdin.setRawMode(false);
      stdin.pause();
      // Typed ahead: for the next question.
      if (editor.rest !== '') stdin.unshift(Buffer.from(editor.rest));
      stderr.write('\n');
      settle();
    };
    const handleKeys = (chunk: Buffer): void => {
      const state = editor.handle(chunk);
      if (state === 'done') finish(() => resolve(editor.text));
      if (state === 'given-up') finish(() => reject(noAnswer()));
      // Raw mode made no signal of it.
      if (state === 'interrupted') finish(() => process.kill(process.pid, 'SIGINT') && reject(noAnswer()));
    };
    const handleAbort = (): void => finish(() => reject(noAnswer()));
    signal?.addEventListener('abort', handleAbort, { once: true });
    // Before the question: who answers at once must not be shown either.
    stdin.setRawMode(true);
    stderr.write(question);
    stdin.on('data', handleKeys);
    stdin.resume();
  });
}

class LineEditor {
  text = '';
  /** What was typed behind the line's end. */
  rest = '';
  readonly #decoder = new StringDecoder('utf8');

  handle(chunk: Buffer): 'more' | 'done' | 'given-up' | 'interrupted' {
    const typed = [...this.#decoder.write(chunk)];
    for (const [index, key] of typed.entries()) {
      this.rest = typed.slice(index + 1).join('');
      if (key === '\r' || key === '\n') return 'done';
      if (key === KEYS.interrupt) return 'interrupted';
      if (key === KEYS.end) return 'given-up';
      this.#edit(key);
    }
    return 'more';
  }

  #edit(key: string): void {
    if (key === KEYS.line) this.text = '';
    else if (key === KEYS.delete || key === KEYS.backspace) this.text = [...this.text].slice(0, -1).join('');
    else if (key >= ' ' && this.text.length < SECRET_CHARACTERS) this.text += key;
  }
}

/** A process in the background that touches the terminal is stopped (SIGTTOU): proc(5), fields 5 and 8 of stat. */
function isForeground(): boolean {
  try {
    const fields = readFileSync('/proc/self/stat', 'latin1').replace(/^.*\) /, '').split(' ');
    return fields[2] === fields[5];
  } catch {
    return true;
  }
}

function noAnswer(): Error {
  return Object.assign(new Error('no answer'), { code: 'ERR_LSTP_NO_ANSWER' });
}
