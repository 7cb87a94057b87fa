/** Medians and what can be said of them from a few paired runs. */

export interface Estimate {
  readonly median: number;
  /** Where the true median lies with 95 % probability, as far as so few values can tell (see medianOf()). */
  readonly low: number;
  readonly high: number;
}

const CONFIDENCE = 0.95;

/**
 * The median, with the narrowest interval between two of the values that holds the true median with 95 %
 * probability, whatever the distribution (order statistics). Fewer than six values cannot give that: then it is
 * the whole range. Throws without values.
 */
export function medianOf(values: readonly number[]): Estimate {
  const sorted = [...values].sort((a, b) => a - b);
  const skipped = skippedAtEachEnd(sorted.length);
  return { median: quantileOf(sorted, 0.5), low: at(sorted, skipped), high: at(sorted, sorted.length - 1 - skipped) };
}

/** Pair by pair, so that what disturbed both sides of a pair cancels. */
export function ratioOf(values: readonly number[], against: readonly number[]): Estimate {
  const pairs = Math.min(values.length, against.length);
  return medianOf(Array.from({ length: pairs }, (_, index) => at(values, index) / at(against, index)));
}

/** The value below which `share` of the values lie, interpolated. `values` ascending. */
export function quantileOf(sorted: readonly number[], share: number): number {
  const place = share * (sorted.length - 1);
  const below = at(sorted, Math.floor(place));
  return below + (at(sorted, Math.ceil(place)) - below) * (place - Math.floor(place));
}

/** How many values may be left out at each end: P(fewer than k of n lie below the median) is binomial. */
function skippedAtEachEnd(count: number): number {
  let probability = 0.5 ** count;
  let tail = probability;
  let skipped = 0;
  while (2 * (tail + probability * ((count - skipped) / (skipped + 1))) <= 1 - CONFIDENCE) {
    probability *= (count - skipped) / (skipped + 1);
    tail += probability;
    skipped += 1;
  }
  return skipped;
}

function at(values: readonly number[], index: number): number {
  const value = values[index];
  if (value === undefined) throw new Error('no values to take a median of');
  return value;
}
