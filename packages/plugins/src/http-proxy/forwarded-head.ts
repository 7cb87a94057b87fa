/** Heads as they go on: what is between neighbours is taken out and written anew. RFC 9110, section 7.6. */
import { endToEndFields, VIA } from './end-to-end.js';
import type { Framing } from './framing.js';
import { HttpFault } from './http-fault.js';
import { isNamed, listOf, valuesOf, type Field, type MessageHead } from './message-head.js';
import type { ProxyRequest } from './request-target.js';

export interface StatusHead extends MessageHead {
  readonly status: number;
  readonly reason: string;
}

const STATUS_LINE = /^HTTP\/1\.\d ([1-9]\d\d)(?: (.*))?$/;

/** Throws HttpFault with status 502. */
export function parseStatus(head: MessageHead): StatusHead {
  const [, status, reason = ''] = STATUS_LINE.exec(head.startLine) ?? [];
  if (status === undefined) throw new HttpFault(502, 'the server does not answer in HTTP/1.1');
  return { ...head, status: Number(status), reason };
}

/** The protocol that a request offers to go over to; undefined where it offers none, or cannot. */
export function offeredUpgrade({ fields }: MessageHead, { version }: ProxyRequest): string | undefined {
  if (version === '1.0' || !listOf(fields, 'connection').includes('upgrade')) return undefined;
  return valuesOf(fields, 'upgrade').join(', ') || undefined;
}

/** To the server. Throws HttpFault where it may go no further. */
export function forwardedRequest(head: MessageHead, request: ProxyRequest, { framing, upgrade }: { readonly framing: Framing; readonly upgrade: string | undefined }): MessageHead {
  const { method, origin = { path: '*', authority: request.target } } = request;
  const connection = upgrade === undefined ? [{ name: 'Connection', value: 'close' }] : upgradeFields(upgrade);
  const fields = endToEndFields(head.fields).filter((field) => !isNamed(field, 'host'));
  const counted = method === 'TRACE' || method === 'OPTIONS' ? fields.map(oneFewerForward) : fields;
  return { startLine: `${method} ${origin.path} HTTP/1.1`, fields: [{ name: 'Host', value: origin.authority }, ...counted, VIA, ...framingFields(framing), ...connection] };
}

/** To the client. `framing` is how it goes on. */
export function forwardedAnswer({ status, reason, fields }: StatusHead, { framing, connection }: { readonly framing: Framing; readonly connection: 'keep-alive' | 'close' }): MessageHead {
  // What a HEAD would have been, or what was not modified: a length of content that is not there.
  const told = framing.kind === 'none' && status !== 204 ? valuesOf(fields, 'content-length').slice(0, 1).map((value) => ({ name: 'Content-Length', value })) : [];
  return { startLine: `HTTP/1.1 ${status} ${reason}`, fields: [...endToEndFields(fields), VIA, ...framingFields(framing), ...told, { name: 'Connection', value: connection }] };
}

/** An answer that another one follows. */
export function forwardedInterim({ status, reason, fields }: StatusHead): MessageHead {
  return { startLine: `HTTP/1.1 ${status} ${reason}`, fields: [...endToEndFields(fields), VIA] };
}

export function forwardedSwitch({ status, reason, fields }: StatusHead): MessageHead {
  return { startLine: `HTTP/1.1 ${status} ${reason}`, fields: [...endToEndFields(fields), VIA, ...upgradeFields(valuesOf(fields, 'upgrade').join(', '))] };
}

function upgradeFields(protocol: string): Field[] {
  return [{ name: 'Connection', value: 'Upgrade' }, { name: 'Upgrade', value: protocol }];
}

function framingFields(framing: Framing): Field[] {
  if (framing.kind === 'chunked') return [{ name: 'Transfer-Encoding', value: 'chunked' }];
  return framing.kind === 'length' ? [{ name: 'Content-Length', value: String(framing.bytes) }] : [];
}

/** RFC 9110, section 7.6.2. */
function oneFewerForward(field: Field): Field {
  if (!isNamed(field, 'max-forwards') || !/^\d{1,9}$/.test(field.value)) return field;
  if (Number(field.value) === 0) throw new HttpFault(501, 'Max-Forwards is 0, and this proxy has nothing to say about itself');
  return { name: field.name, value: String(Number(field.value) - 1) };
}
