/**
 * Whom TLS towards proxies and nodes believes: the authorities that come with Node, those of this machine (a company puts
 * its own there), those of NODE_EXTRA_CA_CERTS, and those of a file that the chain names.
 */
import { existsSync, readFileSync } from 'node:fs';
import * as tls from 'node:tls';

/** Where Linux distributions and BSDs keep them, in one file. */
const SYSTEM_FILES = ['/etc/ssl/certs/ca-certificates.crt', '/etc/pki/tls/certs/ca-bundle.crt', '/etc/ssl/ca-bundle.pem', '/etc/ssl/cert.pem'];
/** Contexts that are kept: making one parses some hundred certificates. */
const MOST_KEPT = 8;

const kept = new Map<string, tls.SecureContext>();

/** `authorities` is PEM, read anew where its text has changed. Throws for text that is no certificate. */
export function believing(authorities = ''): tls.SecureContext {
  const known = kept.get(authorities);
  if (known !== undefined) return known;
  const made = tls.createSecureContext({ minVersion: 'TLSv1.2', ca: [...ownAuthorities(), ...(authorities === '' ? [] : [authorities])] });
  if (kept.size >= MOST_KEPT) kept.clear();
  kept.set(authorities, made);
  return made;
}

function ownAuthorities(): readonly string[] {
  const { getCACertificates } = tls as { readonly getCACertificates?: (kind: 'default' | 'system') => readonly string[] };
  if (getCACertificates !== undefined) return [...getCACertificates('default'), ...getCACertificates('system')];
  const files = [process.env['SSL_CERT_FILE'], process.env['NODE_EXTRA_CA_CERTS'], SYSTEM_FILES.find((file) => existsSync(file))];
  return [...tls.rootCertificates, ...files.flatMap((file) => (file === undefined ? [] : readCertificates(file)))];
}

/** A file that cannot be read vouches for nobody. */
function readCertificates(file: string): string[] {
  try {
    return [readFileSync(file, 'latin1')];
  } catch {
    return [];
  }
}
