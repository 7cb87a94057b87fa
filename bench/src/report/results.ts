/** Every figure taken, one value a round, in the order of the rounds. */

export interface Label {
  /** `bulk` */
  readonly figure: string;
  /** `8 streams, up` */
  readonly case: string;
  /** Who was measured: an adapter's name. */
  readonly subject: string;
  readonly unit: string;
}

export interface Series extends Label {
  readonly values: readonly number[];
}

export class Results {
  readonly #series = new Map<string, Label & { values: number[] }>();

  add(label: Label, value: number): void {
    const key = [label.figure, label.case, label.subject].join('\n');
    const series = this.#series.get(key) ?? { ...label, values: [] };
    series.values.push(value);
    this.#series.set(key, series);
  }

  /** In the order in which they first came. */
  all(): readonly Series[] {
    return [...this.#series.values()];
  }
}
