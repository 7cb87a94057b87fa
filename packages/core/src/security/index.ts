/**
 * Keys and identities of nodes: the file a private key lies in, the certificate TLS wants of it. Of people: the file of users.
 * Not here: who may do what (that is the chain file), nor the TLS policy (the tls plugin). Specification: docs/security.md.
 */
export * from './certificate.js';
export * from './identity.js';
export * from './key-error.js';
export * from './key-file.js';
export * from './base32.js';
export * from './prompt-secret.js';
export { hashPassword, formatScryptHash, isPasswordOf, parseScryptHash, type ScryptHash } from './scrypt-hash.js';
export * from './totp.js';
export { UsersFile, type LoginAttempt, type PasswordAttempt, type UsersFileOptions, type Verdict } from './users-file.js';
export { parseUsers, userNameFault, type User } from './users-text.js';
export { writeUser, type UserChange } from './write-user.js';
