/** Names that are told apart in a report: a client can send thousands of opcodes that nobody has. */
const MOST_NAMES = 100;

/** Counts by two numbers of a byte each, such as major and minor opcode. The second is given where it makes a difference. */
export class OpcodeCounts {
  total = 0;
  readonly #alone = new Float64Array(256);
  /** A table for each first number that has come with a second one. */
  readonly #pairs: (Float64Array | undefined)[] = [];

  add(first: number): void {
    this.total += 1;
    this.#alone[first] = (this.#alone[first] as number) + 1;
  }

  addPair(first: number, second: number): void {
    this.total += 1;
    const table = (this.#pairs[first] ??= new Float64Array(256));
    table[second] = (table[second] as number) + 1;
  }

  /** By name, the most frequent first; those of one name together, and the rarest as `others`. */
  byName(nameOf: (first: number, second: number | undefined) => string): Record<string, number> {
    const counts = new Map<string, number>();
    const add = (name: string, count: number): unknown => count > 0 && counts.set(name, (counts.get(name) ?? 0) + count);
    this.#alone.forEach((count, first) => count > 0 && add(nameOf(first, undefined), count));
    this.#pairs.forEach((table, first) => table?.forEach((count, second) => count > 0 && add(nameOf(first, second), count)));
    const sorted = [...counts].sort(([, a], [, b]) => b - a);
    const others = sorted.slice(MOST_NAMES).reduce((sum, [, count]) => sum + count, 0);
    return Object.fromEntries([...sorted.slice(0, MOST_NAMES), ...(others > 0 ? [['others', others] as const] : [])]);
  }
}
