/** At most so many dials to one neighbour at once before it has authenticated us, the rest in turn: its limits count strangers by source. */

/** Connections of one node to one neighbour that are not authenticated yet. */
const AT_ONCE = 4;

interface Line {
  busy: number;
  readonly waiting: Set<() => void>;
}

export class DialQueue {
  readonly #lines = new Map<string, Line>();

  /** Resolves with a place in `line`; call the result once to leave it. Rejects with the signal's reason when it aborts before. */
  enter(line: string, signal: AbortSignal): Promise<() => void> {
    const found = this.#lines.get(line) ?? { busy: 0, waiting: new Set() };
    this.#lines.set(line, found);
    if (found.busy < AT_ONCE) return Promise.resolve(this.#take(line, found));
    return new Promise((resolve, reject) => {
      const give = () => {
        signal.removeEventListener('abort', giveUp);
        resolve(this.#take(line, found));
      };
      const giveUp = () => {
        found.waiting.delete(give);
        reject(signal.reason as Error);
      };
      signal.addEventListener('abort', giveUp, { once: true });
      found.waiting.add(give);
    });
  }

  #take(name: string, line: Line): () => void {
    line.busy += 1;
    let isLeft = false;
    return () => {
      if (isLeft) return;
      isLeft = true;
      line.busy -= 1;
      const [next] = line.waiting;
      if (next === undefined) {
        if (line.busy === 0) this.#lines.delete(name);
        return;
      }
      line.waiting.delete(next);
      next();
    };
  }
}
