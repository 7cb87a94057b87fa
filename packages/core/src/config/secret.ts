/**
 * References to secrets in texts: `${env:NAME}` and `${file:PATH}`; `$${` is a literal `${`.
 *
 *   checkReferences()   the syntax, when the file is read; nothing is looked up
 *   resolveSecrets()    the values, on the node that uses them
 */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { SecretText } from './chain.js';
import { FormError } from './form-error.js';

/** `${source:name}`. */
export interface Reference {
  readonly source: 'env' | 'file';
  readonly name: string;
}
type Part = { readonly literal: string } | Reference;

/** Where references are looked up. */
export interface SecretSources {
  /** Default: process.env. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The chain file: relative paths in `${file:}` begin at its folder. Default: the working directory. */
  readonly chainFile?: string;
}

/** A file named by `${file:}` beyond this is no secret. */
const SECRET_FILE_BYTES = 65_536;
const ENV_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * Fills in every reference. Throws FormError for bad syntax, and a plain Error (ERR_LSTP_SECRET) naming the
 * variable or file, never a value, for one that is not there.
 */
export function resolveSecrets(text: SecretText, sources: SecretSources = {}): string {
  return parts(text)
    .map((part) => ('literal' in part ? part.literal : part.source === 'env' ? fromEnv(part.name, sources) : fromFile(part.name, sources)))
    .join('');
}

/** Throws FormError with the offset of the first bad reference. */
export function checkReferences(text: string): void {
  parts(text);
}

/** Whether anything is to be filled in. False for bad syntax. */
export function hasReference(text: string): boolean {
  return mask(text) !== text;
}

/** `text` in which nothing is to be filled in, as a SecretText. */
export function literalSecret(text: string): SecretText {
  // A function: in a replacement text "$$" would mean one "$".
  return text.replaceAll('${', () => '$${');
}

/** Turns each literal part of a SecretText into another; references stay. */
export function mapLiterals(text: SecretText, change: (literal: string) => string): SecretText {
  return parts(text)
    .map((part) => ('literal' in part ? literalSecret(change(part.literal)) : written(part)))
    .join('');
}

/** Turns each reference of a SecretText into another; literal parts stay. */
export function mapReferences(text: SecretText, change: (reference: Reference) => Reference): SecretText {
  return parts(text)
    .map((part) => ('literal' in part ? literalSecret(part.literal) : written(change(part))))
    .join('');
}

/** Every reference replaced by as many MASK characters, so that the rest of a form can be parsed with its offsets. */
export function mask(text: string): string {
  return text.replaceAll(/\$\$\{|\$\{(?:env|file):[^}]*\}/g, (found) => (found === '$${' ? found : MASK.repeat(found.length)));
}

/** Stands for a character of a reference; private use, so in no form. */
export const MASK = '\uE000';

function written({ source, name }: Reference): string {
  return `\${${source}:${name}}`;
}

function parts(text: string): Part[] {
  const out: Part[] = [];
  let literal = '';
  for (let at = 0; at < text.length; ) {
    if (text.startsWith('$${', at)) {
      literal += '${';
      at += 3;
    } else if (text.startsWith('${', at)) {
      const reference = parseReference(text, at);
      out.push({ literal }, reference.part);
      literal = '';
      at = reference.end;
    } else {
      literal += text[at++] ?? '';
    }
  }
  out.push({ literal });
  return out;
}

function parseReference(text: string, at: number): { part: Part; end: number } {
  const close = text.indexOf('}', at);
  if (close < 0) throw new FormError('"${" is not closed; write ${env:NAME} or ${file:PATH}, or $${ for a literal ${', at);
  const inner = text.slice(at + 2, close);
  const source = /^(env|file):/.exec(inner)?.[1] as 'env' | 'file' | undefined;
  if (source === undefined) throw new FormError(`\${${inner}} is no reference; write \${env:NAME} or \${file:PATH}, or $\${ for a literal \${`, at);
  const name = inner.slice(source.length + 1);
  if (source === 'env' && !ENV_NAME.test(name)) throw new FormError(`\${${inner}} names no variable; a name is of A-Z, a-z, 0-9 and "_", as in \${env:PROXY_PASSWORD}`, at);
  if (source === 'file' && (name === '' || name.includes('\0'))) throw new FormError(`\${${inner}} names no file, as in \${file:/etc/lstp/password}`, at);
  return { part: { source, name }, end: close + 1 };
}

function fromEnv(name: string, { env = process.env }: SecretSources): string {
  const value = env[name];
  if (value === undefined) throw missing(`\${env:${name}}: the environment variable ${name} is not set; set it for this node`);
  return value;
}

function fromFile(path: string, { chainFile }: SecretSources): string {
  const whole = resolve(chainFile === undefined ? '.' : dirname(chainFile), path);
  const bytes = readSecret(path, whole);
  if (bytes.length > SECRET_FILE_BYTES) throw missing(`\${file:${path}}: ${bytes.length} bytes are too many for a secret; at most ${SECRET_FILE_BYTES}`);
  return bytes.toString('utf8').replace(/\r?\n$/, '');
}

function readSecret(path: string, whole: string): Buffer {
  try {
    return readFileSync(whole);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unreadable';
    throw missing(`\${file:${path}}: ${whole} cannot be read (${code}); put the secret into that file, readable for this node`);
  }
}

function missing(message: string): Error {
  return Object.assign(new Error(message), { code: 'ERR_LSTP_SECRET' });
}
