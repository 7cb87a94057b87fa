/** A word on the command line that is none of those there are: answered with the nearest, or all. */
import type { Chain } from '@lstp/core';
import { nearest } from '@lstp/core/config';
import { UsageError } from './exit-status.js';

/** `where` is what the words are of: `chain.yaml`. */
export function wrongWord(kind: 'node' | 'service' | 'tunnel', word: string, { candidates, where }: { candidates: readonly string[]; where: string }): UsageError {
  const all = [...new Set(candidates)];
  const near = nearest(word, all);
  const hint = near !== undefined ? `did you mean ${near}?` : all.length === 0 ? 'there is none' : `there ${all.length === 1 ? 'is' : 'are'} ${all.join(', ')}`;
  return new UsageError(`no ${kind} ${JSON.stringify(word)} ${where}; ${hint}`);
}

export function wrongNode(node: string, chains: readonly Chain[]): UsageError {
  const candidates = chains.flatMap(({ nodes }) => [...nodes.keys()]);
  return wrongWord('node', node, { candidates, where: `in ${chains.map(({ file }) => file).join(', ')}` });
}
