/**
 * The list of admitted keys of a relay for many: one public key a line and the common names it may use, `*` for any.
 * A name with a blank, a comma or `#` in it stands in double quotes. `#` begins a comment. Read at start and at reload; every problem is told at once, with its place.
 */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { ConfigError, isPublicKey, rendezvousDigest, type Admissions, type Chain, type ConfigProblem, type Crypto, type PublicKey } from '@lstp/core';

/** A list of admitted keys; more is a mistake. */
const ADMIT_FILE_BYTES = 4 * 1024 * 1024;
/** A comment, a text in quotes, or a word. */
const PIECE = /#.*|"(?:[^"\\]|\\.)*"|[^\s#]+/g;
/** Characters of `common:` in a chain file. */
const COMMON_CHARACTERS = 255;

type Admission = { any: boolean; commons: Set<string> };

/** What the `admit:` files of `self` say, together. Throws ConfigError. A path is relative to the chain file that names it. */
export function readAdmissions(chains: readonly Chain[], self: string, crypto: Crypto): Admissions {
  const admissions = new Map<PublicKey, Admission>();
  for (const { file, nodes } of chains) {
    const admit = nodes.get(self)?.admit;
    if (admit !== undefined) parseAdmissions(resolve(dirname(file), admit), admissions, crypto);
  }
  return admissions;
}

function parseAdmissions(path: string, into: Map<PublicKey, Admission>, crypto: Crypto): void {
  const problems: ConfigProblem[] = [];
  const report = (line: number, column: number, message: string) => problems.push({ place: { line, column }, message });
  readText(path).split('\n').forEach((text, index) => {
    const words = [...text.matchAll(PIECE)].filter(([word]) => !word.startsWith('#'));
    const [key, ...names] = words;
    if (key === undefined) return;
    const line = index + 1;
    if (!isPublicKey(key[0])) return void report(line, key.index + 1, 'a line begins with a public key: ed25519: and 43 characters of base64url, as `lstp keygen NODE` prints it');
    if (names.length === 0) return void report(line, text.length + 1, 'which common names may it use? write them behind the key, or * for any');
    const admission = into.get(key[0]) ?? { any: false, commons: new Set() };
    into.set(key[0], admission);
    for (const { 0: word, index: at } of names) {
      const name = parseCommon(word);
      if (word === '*') admission.any = true;
      else if (name !== undefined) admission.commons.add(rendezvousDigest(crypto, name));
      else report(line, at + 1, `${word.slice(0, 63)} is no common name: a word without commas and quotes, or any text in double quotes, of at most ${COMMON_CHARACTERS} characters`);
    }
  });
  if (problems.length > 0) throw new ConfigError(path, problems);
}

/** Undefined where it is none. */
function parseCommon(word: string): string | undefined {
  const name = word.startsWith('"') ? unquoted(word) : /[",]/.test(word) ? undefined : word;
  return name !== undefined && name.length >= 1 && name.length <= COMMON_CHARACTERS ? name : undefined;
}

function unquoted(text: string): string | undefined {
  try {
    const name: unknown = JSON.parse(text);
    return typeof name === 'string' ? name : undefined;
  } catch {
    return undefined;
  }
}

function readText(path: string): string {
  const fail = (message: string) => new ConfigError(path, [{ place: { line: 1, column: 1 }, message }]);
  let content: Buffer;
  try {
    content = readFileSync(path);
  } catch (error) {
    throw fail(`the list of admitted keys cannot be read: ${(error as Error).message}`);
  }
  if (content.length > ADMIT_FILE_BYTES) throw fail(`${content.length} bytes; a list of admitted keys has at most ${ADMIT_FILE_BYTES}`);
  return content.toString().replace(/^\uFEFF/, '');
}
