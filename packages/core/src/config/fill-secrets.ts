/**
 * Fills references into a document before it is parsed, so that `listen: ${env:LISTEN}` is checked like any other.
 * User and password of a proxy URL keep theirs until the proxy is dialed: they are filled when the URL is parsed
 * already, whatever characters they have, and follow the file they come from.
 */
import { dirname, resolve } from 'node:path';
import type { ChainDocument, Path } from './chain-document.js';
import { FormError } from './form-error.js';
import { literalSecret, mapReferences, mask, resolveSecrets, type SecretSources } from './secret.js';
import type { UseOf } from './secret-use.js';

/** Reports every reference in use that cannot be filled. Literal `$${` become `${` as well. */
export function fillSecrets(document: ChainDocument, isUsed: UseOf, sources: SecretSources): void {
  document.fillTexts((text, path) => (text.includes('${') && isUsed(path) ? fillText(text, path, sources) : text));
}

function fillText(text: string, path: Path, sources: SecretSources): string {
  try {
    return path[0] === 'nodes' && path[2] === 'egress' ? fillUrl(text, sources) : resolveSecrets(text, sources);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_LSTP_SECRET') throw new FormError(error.message);
    throw error;
  }
}

function fillUrl(text: string, sources: SecretSources): string {
  const at = mask(text).lastIndexOf('@') + 1;
  const user = text.slice(0, at);
  resolveSecrets(user, sources);
  return withAbsoluteFiles(user, sources) + literalSecret(resolveSecrets(text.slice(at), sources));
}

function withAbsoluteFiles(text: string, { chainFile }: SecretSources): string {
  const folder = chainFile === undefined ? '.' : dirname(chainFile);
  return mapReferences(text, ({ source, name }) => ({ source, name: source === 'file' ? resolve(folder, name) : name }));
}
