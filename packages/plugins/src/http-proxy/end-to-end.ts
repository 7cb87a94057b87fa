/** The fields of a message that go on to the other side: RFC 9110, section 7.6.1. */
import { listOf, type Field } from './message-head.js';

/** They are between two neighbours, whether or not Connection names them; framing is written anew. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection', 'proxy-connection', 'keep-alive', 'te', 'transfer-encoding', 'content-length', 'upgrade', 'http2-settings',
  'proxy-authorization', 'proxy-authenticate', 'proxy-authentication-info',
]);

/** What Connection cannot take away: a request is not to reach the server without it. */
const KEPT: ReadonlySet<string> = new Set(['host', 'authorization', 'cookie', 'content-type', 'content-encoding', 'via']);

export const VIA: Field = { name: 'Via', value: '1.1 lstp' };

export function endToEndFields(fields: readonly Field[]): Field[] {
  const named = new Set(listOf(fields, 'connection').filter((name) => !KEPT.has(name)));
  return fields.filter(({ name }) => !HOP_BY_HOP.has(name.toLowerCase()) && !named.has(name.toLowerCase()));
}
