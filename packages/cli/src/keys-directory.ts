import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where key files lie: what `--keys` says, else ~/.config/lstp/keys. */
export function keysDirectory({ keys }: { readonly keys?: string }): string {
  return keys ?? join(homedir(), '.config', 'lstp', 'keys');
}
