/**
 * The list of admitted keys of a relay for many: one public key a line and the common names it may use, `*` for any.
 * `#` begins a comment. Read at start and at reload; every problem is told at once, with its place.
 */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { ConfigError, isPublicKey, rendezvousDigest, type Admissions, type Chain, type ConfigProblem, type Crypto, type PublicKey } from '@lstp/core';

/** A list of admitted keys; more is a mistake. */
const ADMIT_FILE_BYTES = 4 * 1024 * 1024;
const NAME = /^[a-z0-9][a-z0-9._-]{0,62}$/;

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
    const words = [...(text.replace(/#.*/, '')).matchAll(/\S+/g)];
    const [key, ...names] = words;
    if (key === undefined) return;
    const line = index + 1;
    if (!isPublicKey(key[0])) return void report(line, key.index + 1, 'a line begins with a public key: ed25519: and 43 characters of base64url, as `lstp keygen NODE` prints it');
    if (names.length === 0) return void report(line, text.length + 1, 'which common names may it use? write them behind the key, or * for any');
    const admission = into.get(key[0]) ?? { any: false, commons: new Set() };
    into.set(key[0], admission);
    for (const { 0: name, index: at } of names) {
      if (name === '*') admission.any = true;
      else if (NAME.test(name)) admission.commons.add(rendezvousDigest(crypto, name));
      else report(line, at + 1, `"${name.slice(0, 63)}" is no common name: a to z, 0 to 9, ".", "_" and "-", at most 63`);
    }
  });
  if (problems.length > 0) throw new ConfigError(path, problems);
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
