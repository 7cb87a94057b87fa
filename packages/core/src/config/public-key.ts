/** A node's public key as the chain file has it: `ed25519:` and 43 characters of base64url. */
import { isPublicKey, type PublicKey } from '../protocol/index.js';
import { FormError } from './form-error.js';
import { hasReference } from './secret.js';

const PREFIX = 'ed25519:';
const LENGTH = 43;
const REMEDY = 'paste the line that `lstp keygen NODE` prints';

/** Throws FormError. Messages repeat nothing of the text: it may be a private key pasted by mistake. */
export function parsePublicKey(text: string): PublicKey {
  const good: boolean = isPublicKey(text) || hasReference(text);
  if (good) return text;
  throw new FormError(fault(text), text.startsWith(PREFIX) ? PREFIX.length : 0);
}

function fault(text: string): string {
  if (/PRIVATE|secret/i.test(text)) return `this looks like a private key, which belongs in NODE.key alone; ${REMEDY}, and make a new key if this file was ever shared`;
  if (/^(?:ssh-|ecdsa-|sk-)/.test(text)) return `this is an OpenSSH key; lstp has keys of its own: ${REMEDY}`;
  if (text.startsWith('-----BEGIN')) return `this is a PEM file; ${REMEDY}`;
  if (/^(?:ed25519:)?(?:\.{2,}|<.*>|\u2026|x{3,})$/i.test(text)) return `this is only a placeholder; ${REMEDY}`;
  if (text.startsWith(PREFIX)) return bodyFault(text.slice(PREFIX.length));
  if (isPublicKey(PREFIX + text)) return `"${PREFIX}" is missing in front of the key`;
  return `a key is "${PREFIX}" and ${LENGTH} characters of base64url; ${REMEDY}`;
}

function bodyFault(body: string): string {
  const url = body.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
  if (url !== body && isPublicKey(PREFIX + url)) return 'this is base64; a key is base64url: "-" for "+", "_" for "/", and no "=" at the end';
  if (/[^A-Za-z0-9_-]/.test(body)) return `a character that is not base64url (A-Z, a-z, 0-9, "-", "_"); ${REMEDY}`;
  if (body.length !== LENGTH) return `the key has ${body.length} characters behind "${PREFIX}" instead of ${LENGTH}; ${REMEDY}`;
  return `the last character of the key is not one that ends 32 bytes: it was mistyped; ${REMEDY}`;
}
