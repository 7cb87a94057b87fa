/**
 * Keeps a node from knocking at a proxy with a password that it does not accept: accounts are locked for that. The first
 * dial with a password goes alone, the others wait for its outcome; a refusal holds all of them off, longer each time.
 */

const FIRST_MS = 5000;
const MOST_MS = 300_000;

interface Account {
  isGood: boolean;
  refusal: Error | undefined;
  until: number;
  holdMs: number;
  /** Resolves when the one that tries is done. */
  trial: Promise<void> | undefined;
}

export class HoldOff {
  readonly #now: () => number;
  readonly #accounts = new Map<string, Account>();

  /** `now` in ms, never going back. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /**
   * Runs `attempt` as `account`. While that is held off: rejects at once with the error it was refused with. `isRefusal` says
   * whether an error means that. An error of another kind leaves open whether the account is good. `signal` ends the wait
   * for others; then the attempt, which has it too, is to fail by itself.
   */
  async run<T>({ account: name, signal }: { readonly account: string; readonly signal: AbortSignal }, attempt: () => Promise<T>, isRefusal: (error: unknown) => boolean): Promise<T> {
    const account = this.#accounts.get(name) ?? { isGood: false, refusal: undefined, until: 0, holdMs: FIRST_MS, trial: undefined };
    this.#accounts.set(name, account);
    while (!account.isGood && account.trial !== undefined && !signal.aborted) await Promise.race([account.trial, aborted(signal)]);
    if (account.refusal !== undefined && this.#now() < account.until) throw account.refusal;
    if (account.isGood) return this.#judge(account, attempt(), isRefusal);
    const trying = this.#judge(account, attempt(), isRefusal);
    const trial = trying.then(() => {}, () => {}).then(() => {
      account.trial = undefined;
    });
    account.trial = trial;
    return trying;
  }

  async #judge<T>(account: Account, attempt: Promise<T>, isRefusal: (error: unknown) => boolean): Promise<T> {
    try {
      const made = await attempt;
      Object.assign(account, { isGood: true, refusal: undefined, holdMs: FIRST_MS });
      return made;
    } catch (error) {
      if (!isRefusal(error)) throw error;
      Object.assign(account, { isGood: false, refusal: error, until: this.#now() + account.holdMs, holdMs: Math.min(MOST_MS, account.holdMs * 2) });
      throw error;
    }
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
