/** Simulated time: what is to happen, in order. Two things due at one time happen in the order they were noted. */
export interface Entry {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
  cancelled: boolean;
}

export class Agenda {
  now = 1000;
  /** A binary heap, the earliest first. */
  readonly #heap: Entry[] = [];
  #noted = 0;

  at(time: number, run: () => void): Entry {
    const entry = { at: Math.max(time, this.now), order: (this.#noted += 1), run, cancelled: false };
    this.#heap.push(entry);
    this.#rise(this.#heap.length - 1);
    return entry;
  }

  after(delay: number, run: () => void): Entry {
    return this.at(this.now + delay, run);
  }

  /** Lets the next thing happen; false when there is none before `until`. */
  runNext(until: number): boolean {
    for (let first = this.#heap[0]; first !== undefined && first.at <= until; first = this.#heap[0]) {
      this.#removeFirst();
      if (first.cancelled) continue;
      this.now = first.at;
      first.run();
      return true;
    }
    return false;
  }

  #removeFirst(): void {
    const last = this.#heap.pop() as Entry;
    if (this.#heap.length === 0) return;
    this.#heap[0] = last;
    this.#sink(0);
  }

  #rise(from: number): void {
    let index = from;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!this.#swapIfEarlier(index, parent)) return;
      index = parent;
    }
  }

  #sink(from: number): void {
    let index = from;
    for (;;) {
      const left = 2 * index + 1;
      if (left >= this.#heap.length) return;
      const right = left + 1;
      const child = right < this.#heap.length && isEarlier(this.#heap[right] as Entry, this.#heap[left] as Entry) ? right : left;
      if (!this.#swapIfEarlier(child, index)) return;
      index = child;
    }
  }

  #swapIfEarlier(child: number, parent: number): boolean {
    const [a, b] = [this.#heap[child] as Entry, this.#heap[parent] as Entry];
    if (!isEarlier(a, b)) return false;
    this.#heap[child] = b;
    this.#heap[parent] = a;
    return true;
  }
}

function isEarlier(a: Entry, b: Entry): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
