/**
 * Shapes of JSON payloads: unknown in, typed value or ProtocolError naming the member out.
 * Unknown members are ignored (a later version may add them); what is signed is kept as bytes elsewhere.
 */
import { ProtocolError } from './error.js';
import type { PublicKey } from './crypto.js';

/** Checks `value`; `path` names the frame and member for the error. */
export type Shape<T> = (value: unknown, path: string) => T;
export type ShapeOf<S> = S extends Shape<infer T> ? T : never;

type Members = Record<string, Shape<unknown>>;
type OptionalKeys<M extends Members> = { [K in keyof M]: undefined extends ShapeOf<M[K]> ? K : never }[keyof M];
type ObjectOf<M extends Members> = { [K in Exclude<keyof M, OptionalKeys<M>>]: ShapeOf<M[K]> } & {
  [K in OptionalKeys<M>]?: ShapeOf<M[K]>;
};

export function object<M extends Members>(members: M): Shape<ObjectOf<M>> {
  const entries = Object.entries(members);
  return (value, path) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) fail(path, 'an object');
    const out: Record<string, unknown> = {};
    for (const [name, shape] of entries) {
      const member = shape(Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined, `${path}.${name}`);
      if (member !== undefined) out[name] = member;
    }
    return out as ObjectOf<M>;
  };
}

export function optional<T>(shape: Shape<T>): Shape<T | undefined> {
  return (value, path) => (value === undefined || value === null ? undefined : shape(value, path));
}

/** Text of at most `maxLength` UTF-16 units without control characters (it ends up in logs and terminals). */
export function text(maxLength: number): Shape<string> {
  return (value, path) => {
    if (typeof value !== 'string' || value.length > maxLength) fail(path, `text of at most ${maxLength} characters`);
    // oxlint-disable-next-line no-control-regex -- refusing them is the point
    if (/[\u0000-\u001f\u007f-\u009f]/.test(value)) fail(path, 'text without control characters');
    return value;
  };
}

/** Makes of `value` what `text(maxLength)` accepts. */
export function printable(value: string, maxLength: number): string {
  // oxlint-disable-next-line no-control-regex -- replacing them is the point
  return value.slice(0, maxLength).replace(/[\u0000-\u001f\u007f-\u009f]/g, ' ');
}

export function integer(min: number, max: number): Shape<number> {
  return (value, path) => {
    if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) fail(path, `a whole number from ${min} to ${max}`);
    return value;
  };
}

export function oneOf<const T extends readonly string[]>(words: T): Shape<T[number]> {
  return (value, path) => {
    if (typeof value !== 'string' || !words.includes(value)) fail(path, `one of ${words.join(', ')}`);
    return value;
  };
}

export function list<T>(shape: Shape<T>, maxLength: number): Shape<T[]> {
  return (value, path) => {
    if (!Array.isArray(value) || value.length > maxLength) fail(path, `a list of at most ${maxLength}`);
    return value.map((item, index) => shape(item, `${path}[${index}]`));
  };
}

/** `length` bytes as canonical base64url text; the text is what is kept. */
export function binary(length: number): Shape<string> {
  return (value, path) => {
    if (typeof value !== 'string' || !isCanonical(value, length)) fail(path, `${length} bytes in base64url`);
    return value;
  };
}

/** A public key in file form, canonical, so that equal keys are equal strings. */
export function publicKey(): Shape<PublicKey> {
  return (value, path) => {
    if (!isPublicKey(value)) fail(path, 'ed25519: and 43 characters of base64url');
    return value;
  };
}

export function isPublicKey(value: unknown): value is PublicKey {
  return typeof value === 'string' && value.startsWith('ed25519:') && isCanonical(value.slice(8), 32);
}

/** JSON text in `bytes` of the given shape. Bad UTF-8, bad JSON and bad members are ProtocolErrors naming `what`. */
export function parseJson<T>(bytes: Buffer, shape: Shape<T>, what: string): T {
  let value: unknown;
  try {
    value = JSON.parse(utf8.decode(bytes));
  } catch {
    throw new ProtocolError('PROTOCOL', `${what}: not JSON in UTF-8`);
  }
  return shape(value, what);
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function isCanonical(value: string, length: number): boolean {
  if (value.length !== Math.ceil((length * 4) / 3)) return false;
  const bytes = Buffer.from(value, 'base64url');
  return bytes.length === length && bytes.toString('base64url') === value;
}

function fail(path: string, expected: string): never {
  throw new ProtocolError('PROTOCOL', `${path}: expected ${expected}`);
}
