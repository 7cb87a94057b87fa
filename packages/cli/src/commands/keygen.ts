import { nameFault } from '@lstp/core/config';
import { createKeyFile, keyFilePath, publicKeyOf } from '@lstp/core/security';
import { UsageError } from '../exit-status.js';
import { keysDirectory } from '../keys-directory.js';

/** `lstp keygen`: the private key goes to a new file, the public key alone to standard output. */
export async function keygen(node: string, options: { readonly keys?: string }): Promise<void> {
  const fault = nameFault(node, 'node');
  if (fault !== undefined) throw new UsageError(fault);
  const key = createKeyFile(keyFilePath(keysDirectory(options), node));
  process.stdout.write(`${publicKeyOf(key)}\n`);
}
