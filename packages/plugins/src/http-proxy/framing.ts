/** How long a message's content is: RFC 9112 section 6. What two readers could understand differently is refused. */
import { HttpFault } from './http-fault.js';
import { listOf, valuesOf, type Field } from './message-head.js';

export type Framing = { readonly kind: 'none' } | { readonly kind: 'length'; readonly bytes: number } | { readonly kind: 'chunked' } | { readonly kind: 'until-close' };

const NONE: Framing = { kind: 'none' };

/** Throws HttpFault. */
export function requestFraming(fields: readonly Field[], version: '1.0' | '1.1'): Framing {
  const codings = listOf(fields, 'transfer-encoding');
  const bytes = contentLength(fields);
  if (codings.length === 0) return bytes === undefined ? NONE : { kind: 'length', bytes };
  if (bytes !== undefined) throw new HttpFault(400, 'the request has both Content-Length and Transfer-Encoding');
  if (version === '1.0') throw new HttpFault(400, 'HTTP/1.0 has no Transfer-Encoding');
  if (codings.join() !== 'chunked') throw new HttpFault(501, 'the only Transfer-Encoding that this proxy knows is chunked');
  return { kind: 'chunked' };
}

/** Throws HttpFault with status 502. */
export function responseFraming(fields: readonly Field[], { status, method }: { readonly status: number; readonly method: string }): Framing {
  if (method === 'HEAD' || status === 204 || status === 304) return NONE;
  const codings = listOf(fields, 'transfer-encoding');
  if (codings.join() === 'chunked') return { kind: 'chunked' };
  if (codings.length > 0) throw new HttpFault(502, 'the server answers in a Transfer-Encoding that was not asked for');
  const bytes = contentLength(fields, 502);
  return bytes === undefined ? { kind: 'until-close' } : { kind: 'length', bytes };
}

function contentLength(fields: readonly Field[], status = 400): number | undefined {
  const values = valuesOf(fields, 'content-length');
  const [value] = values;
  if (value === undefined) return undefined;
  if (values.length > 1 || !/^\d{1,15}$/.test(value)) throw new HttpFault(status, 'Content-Length is not one number');
  return Number(value);
}
