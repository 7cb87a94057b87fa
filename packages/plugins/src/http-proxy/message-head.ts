/**
 * The head of an HTTP/1.x message: start line and fields, RFC 9112 sections 2 to 5. Strict, because a proxy that reads a
 * message otherwise than the server behind it is the way requests are smuggled: lines end with CR LF, no folded lines, no
 * white space before a colon, no control characters.
 */
import { HttpFault } from './http-fault.js';

export interface Field {
  /** As written; compare with isNamed(). */
  readonly name: string;
  /** One character a byte (Latin-1), white space around it removed. */
  readonly value: string;
}

export interface MessageHead {
  readonly startLine: string;
  readonly fields: readonly Field[];
}

/** Bytes of a head; beyond it the answer is 431, or 502 where the server's is too long. */
export const HEAD_LIMIT_BYTES = 65_536;

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const FIELD = new RegExp(`^(${TOKEN}):[ \\t]*(.*?)[ \\t]*$`);
const FIRST = new RegExp(`^${TOKEN}$`);
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const CONTROL = /[\u0000-\u0008\u000a-\u001f\u007f]/;
const BARE_LINE_FEED = /(?:^|[^\r])\n/;
const LINE_BREAKS = /^(?:\r\n)+/;

/** Undefined while more bytes are needed. Throws HttpFault as soon as nothing that follows could make it right. */
export function parseHead(bytes: Buffer): { readonly value: MessageHead; readonly length: number } | undefined {
  const text = bytes.toString('latin1');
  // Empty lines in front of a request are ignored (RFC 9112, section 2.2).
  const skipped = LINE_BREAKS.exec(text)?.[0].length ?? 0;
  const first = text[skipped];
  if (first !== undefined && first !== '\r' && !FIRST.test(first)) throw new HttpFault(400, 'this is no HTTP message: it begins with a character that no method has');
  const end = text.indexOf('\r\n\r\n', skipped);
  const head = text.slice(skipped, end < 0 ? undefined : end);
  if (BARE_LINE_FEED.test(head)) throw new HttpFault(400, 'a line ends with a line feed alone; lines end with CR LF');
  if (end < 0) return undefined;
  const [startLine = '', ...lines] = head.split('\r\n');
  if (CONTROL.test(startLine)) throw new HttpFault(400, 'the first line has a control character');
  return { value: { startLine, fields: lines.map(parseField) }, length: end + 4 };
}

/** Empty: there is none. */
export function valuesOf(fields: readonly Field[], name: string): string[] {
  return fields.filter((field) => isNamed(field, name)).map(({ value }) => value);
}

/** The members of a field that is a list, over all its lines, in lower case. */
export function listOf(fields: readonly Field[], name: string): string[] {
  return valuesOf(fields, name).flatMap((value) => value.split(',')).map((member) => member.trim().toLowerCase()).filter((member) => member !== '');
}

export function isNamed(field: Field, name: string): boolean {
  return field.name.toLowerCase() === name;
}

export function formatHead({ startLine, fields }: MessageHead): Buffer {
  return Buffer.from(`${startLine}\r\n${fields.map(({ name, value }) => `${name}: ${value}\r\n`).join('')}\r\n`, 'latin1');
}

/** One line, without its end. */
export function parseField(line: string): Field {
  if (/^[ \t]/.test(line)) throw new HttpFault(400, 'a field goes on in a second line, which is obsolete and refused');
  const [, name, value] = FIELD.exec(line) ?? [];
  if (name === undefined || value === undefined || CONTROL.test(value)) throw new HttpFault(400, 'a field is not NAME: VALUE');
  return { name, value };
}
