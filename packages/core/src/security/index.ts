/**
 * Keys and identities of nodes: the file a private key lies in, the certificate TLS wants of it.
 * Not here: who may do what (that is the chain file), nor the TLS policy (the tls plugin). Specification: docs/security.md.
 */
export * from './certificate.js';
export * from './identity.js';
export * from './key-error.js';
export * from './key-file.js';
