import { loadChains } from '../load-chains.js';

/** `lstp check`: prints nothing when all is right. Throws with every problem of every file. */
export async function check(files: readonly string[], { plugins }: { readonly plugins: boolean }): Promise<void> {
  await loadChains(files, { plugins });
}
