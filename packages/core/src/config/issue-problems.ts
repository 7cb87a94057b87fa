/** zod's issues as problems with places: which branch of a union was meant, which key was mistyped, what to write. */
import type { z } from 'zod';
import type { ChainDocument, Path } from './chain-document.js';
import { clip } from './name.js';
import { didYouMean } from './nearest.js';
import { hasReference } from './secret.js';
import { keysOf } from './schema-keys.js';
import { kindOf, missing } from './text-form.js';

type Issue = z.core.$ZodIssue;

/** What is checked, and where in the file it stands. */
export interface Piece {
  readonly document: ChainDocument;
  readonly path: Path;
  /** Keys that may stand beside those of the schema, for "did you mean". */
  readonly otherKeys?: readonly string[];
  /** Whether faults of texts with references are left for when these are filled in; checkPiece() gives undefined all the same. */
  readonly references?: 'may-fail';
}

/**
 * Checks `value` against `schema`, and reports what is wrong with it.
 * Undefined if anything is.
 */
export function checkPiece<T>(schema: z.ZodType<T>, value: unknown, piece: Piece): T | undefined {
  const result = attempt(schema, value);
  if (result instanceof Error) return void piece.document.report(piece.path, `the plugin fails to check its options: ${clip(result.message)}`);
  if (result.success) return result.data;
  for (const issue of result.error.issues) reportIssue(issue, schema, piece);
  return undefined;
}

/** A plugin's schema runs code of the plugin. */
function attempt<T>(schema: z.ZodType<T>, value: unknown): z.ZodSafeParseResult<T> | Error {
  try {
    return schema.safeParse(value, { error: genericMessage });
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function reportIssue(issue: Issue, schema: z.ZodType, piece: Piece): void {
  const { document } = piece;
  const path = [...piece.path, ...issue.path];
  if (document.isBroken(path) || (piece.references === 'may-fail' && isUnfilled(document.value(path)))) return;
  if (issue.code === 'invalid_union') return reportUnion(issue, schema, piece);
  if (issue.code === 'unrecognized_keys') return reportKeys(issue.keys, path, { ...piece, known: keysOf(schema, issue.path) });
  const offset = issue.code === 'custom' ? (issue.params?.['offset'] as number | undefined) : undefined;
  if (issue.code === 'invalid_key') return document.report(path, invalidKey(issue, path), { part: 'key' });
  document.report(path, `${subject(path, document)}${issue.message}`, offset === undefined ? {} : { offset });
}

/** What a text with references is can be said when they are filled in. */
function isUnfilled(value: unknown): boolean {
  return typeof value === 'string' && hasReference(value);
}

/** The issues of the branch that was meant: the one that took the kind of value and came furthest. */
function reportUnion(issue: z.core.$ZodIssueInvalidUnion, schema: z.ZodType, piece: Piece): void {
  const branches = issue.errors.filter((issues) => !issues.some(({ code, path }) => code === 'invalid_type' && path.length === 0));
  const [meant] = branches.map((issues) => ({ issues, depth: reach(issues) })).sort((a, b) => b.depth - a.depth || a.issues.length - b.issues.length);
  const chosen = meant?.issues ?? [firstOf(issue)];
  for (const inner of chosen) reportIssue({ ...inner, path: [...issue.path, ...inner.path] }, schema, piece);
}

/** No branch takes such a value: the union's own message, or the first branch's. */
function firstOf(issue: z.core.$ZodIssueInvalidUnion): Issue {
  const own = issue.message === UNION_MESSAGE ? issue.errors[0]?.[0] : undefined;
  return own ?? { code: 'custom', path: [], message: issue.message, input: undefined };
}

function reach(issues: readonly Issue[]): number {
  return Math.max(...issues.map((issue) => issue.path.length + (issue.code === 'invalid_union' ? Math.max(0, ...issue.errors.map(reach)) : 0)));
}

function reportKeys(keys: readonly string[], path: Path, piece: Piece & { readonly known: readonly string[] }): void {
  const known = [...(piece.otherKeys ?? []), ...piece.known];
  for (const key of keys) piece.document.report([...path, key], unknownKey(key, known), { part: 'key' });
}

/** `unknown key "lisen"; did you mean "listen"?` */
export function unknownKey(key: string, known: readonly string[]): string {
  const glued = /^([\w.-]+):(.+)$/.exec(key);
  if (glued !== null && known.includes(glued[1] ?? '')) return `"${clip(key)}": a space is missing behind the colon; write "${glued[1]}: ${clip(glued[2] ?? '')}"`;
  const list = known.length === 0 ? '; none is expected here' : known.length === 1 ? `; only "${known[0]}" is possible here` : `; there are ${known.join(', ')}`;
  return `unknown key "${clip(key)}"${didYouMean(key, known, list)}`;
}

function invalidKey({ issues }: z.core.$ZodIssueInvalidKey, path: Path): string {
  const [why] = issues;
  const form = why?.code === 'invalid_format' && 'pattern' in why ? `; a key here matches ${String(why.pattern)}` : `; ${why?.message ?? 'choose another'}`;
  return `"${clip(String(path.at(-1)))}" is no possible key of "${clip(String(path.at(-2) ?? ''))}"${form}`;
}

/** The key a message is about; for a missing one, that it is missing and where. */
function subject(path: Path, document: ChainDocument): string {
  const name = path.findLast((step) => typeof step === 'string');
  if (name === undefined) return '';
  return document.has(path) ? `${clip(name)}: ` : `${owner(path)} has no "${clip(name)}"`;
}

function owner(path: Path): string {
  const above = path.slice(0, -1).findLast((step) => typeof step === 'string');
  return above === undefined ? 'the file' : `"${clip(String(above))}"`;
}

const UNION_MESSAGE = 'none of the possible forms';

/** For schemas that give no message of their own. Texts are not repeated: they may be secrets. */
function genericMessage(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      if (issue.input === undefined) return missing(kindWord(issue.expected));
      return `expected ${kindWord(issue.expected)}, not ${kindOf(issue.input)}${hint(issue)}`;
    case 'invalid_value':
      return oneOf(issue.values.map(String), issue.input);
    case 'too_small':
      return size(issue, `at least ${issue.minimum}`);
    case 'too_big':
      return size(issue, `at most ${issue.maximum}`);
    case 'invalid_union':
      return UNION_MESSAGE;
    case 'invalid_format':
      return `not of the form expected here (${issue.format}${issue.pattern === undefined ? '' : ` ${issue.pattern}`})`;
    default:
      return issue.message ?? 'not what is expected here';
  }
}

function oneOf(values: readonly string[], input: unknown): string {
  if (input === undefined) return missing(`${values.length === 1 ? '' : 'one of '}${values.join(', ')}`);
  const near = typeof input === 'string' ? didYouMean(input, values, '') : '';
  return `expected ${values.length === 1 ? '' : 'one of '}${values.join(', ')}${typeof input === 'string' ? '' : `, not ${kindOf(input)}`}${near}`;
}

function kindWord(expected: string): string {
  const words: Partial<Record<string, string>> = { string: 'a text', int: 'a whole number', number: 'a number', boolean: 'true or false', array: 'a list', object: 'a map', record: 'a map' };
  return words[expected] ?? expected;
}

/** How a value of the wrong kind becomes one of the right kind. */
function hint({ expected, input }: { readonly expected?: unknown; readonly input?: unknown }): string {
  const isScalar = typeof input === 'string' || typeof input === 'number' || typeof input === 'boolean';
  if (expected === 'string' && isScalar) return `; put it in quotes: "${input}"`;
  return expected === 'array' && isScalar ? '; put it in [ ]' : '';
}

function size({ origin, input }: { readonly origin: string; readonly input?: unknown }, bound: string): string {
  if (origin === 'string') return `expected ${bound} character${bound.endsWith(' 1') ? '' : 's'}`;
  if (origin === 'array' || origin === 'set' || origin === 'map') return `expected ${bound} entr${bound.endsWith(' 1') ? 'y' : 'ies'}`;
  return `expected a number of ${bound}, not ${String(input)}`;
}
