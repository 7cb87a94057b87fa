/** Basic authentication at a proxy (RFC 7617, RFC 9110 section 11.7). */
import type { Accounts, UserAndPassword } from '../accounts/accounts.js';
import { HttpFault } from './http-fault.js';
import { valuesOf, type MessageHead } from './message-head.js';

/** Undefined: the request may be served. Never rejects. */
export async function authenticate(accounts: Accounts, { fields }: MessageHead, source: string | undefined): Promise<HttpFault | undefined> {
  if (!accounts.areNeeded) return undefined;
  const credentials = basicCredentials(valuesOf(fields, 'proxy-authorization'));
  if (credentials !== undefined) return (await accounts.isRight(credentials, source)) ? undefined : new HttpFault(407, 'user or password is wrong');
  accounts.refused += 1;
  return new HttpFault(407, 'this proxy asks for user and password');
}

function basicCredentials([value = '', ...more]: readonly string[]): UserAndPassword | undefined {
  const [, encoded = ''] = /^basic +([A-Za-z0-9+/]+={0,2})$/i.exec(value) ?? [];
  const text = Buffer.from(encoded, 'base64').toString();
  const colon = text.indexOf(':');
  return more.length > 0 || colon < 0 ? undefined : { user: text.slice(0, colon), password: text.slice(colon + 1) };
}
