/**
 * The candidate that a misspelt word most likely means; undefined where none is near.
 * Near is a third of the word in edits (insert, delete, replace, swap neighbours), at least one, less than all of it;
 * or the one candidate of which it is the beginning. Case counts for nothing.
 */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const wanted = word.toLowerCase();
  const all = [...candidates];
  let best: string | undefined;
  let bestEdits = Math.min(Math.max(1, Math.floor(wanted.length / 3)), wanted.length - 1) + 1;
  for (const candidate of all) {
    const edits = editDistance(wanted, candidate.toLowerCase(), bestEdits);
    if (edits < bestEdits) [best, bestEdits] = [candidate, edits];
  }
  return best ?? onlyExtension(wanted, all);
}

/** `; did you mean "x"?`, or `fallback` where no candidate is near. */
export function didYouMean(word: string, candidates: Iterable<string>, fallback: string): string {
  const near = nearest(word, candidates);
  return near === undefined ? fallback : `; did you mean "${near}"?`;
}

function onlyExtension(word: string, candidates: readonly string[]): string | undefined {
  if (word.length < 2) return undefined;
  const longer = candidates.filter((candidate) => candidate.toLowerCase().startsWith(word));
  return longer.length === 1 ? longer[0] : undefined;
}

/** Damerau–Levenshtein distance (optimal string alignment); anything from `limit` on is given as `limit`. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replace = cell(last, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? cell(before, j - 2) + 1 : Infinity;
      row.push(Math.min(cell(last, j) + 1, cell(row, j - 1) + 1, replace, swap));
    }
    if (Math.min(...row) >= limit) return limit;
    [before, last] = [last, row];
  }
  return Math.min(cell(last, b.length), limit);
}

function cell(row: readonly number[], index: number): number {
  return row[index] ?? Infinity;
}
