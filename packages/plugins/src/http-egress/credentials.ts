/** Answers to a proxy's challenge: Digest (RFC 7616: SHA-256 and MD5, qop auth or none) before Basic (RFC 7617). */
import { createHash, randomBytes } from 'node:crypto';
import type { Challenge } from './challenges.js';

/** What is asked for, and by whom. */
export interface Asked {
  readonly method: string;
  readonly uri: string;
  readonly user: string;
  readonly password: string;
}

/** How one proxy wants to be answered, as learned from its challenge; used again until it says otherwise. */
export interface Answering {
  readonly scheme: 'basic' | 'digest';
  /** The value of `Proxy-Authorization`. */
  answer(asked: Asked): string;
}

/** Undefined: nothing that we can answer is among them. `cnonce` is chance. */
export function answeringOf(challenges: readonly Challenge[], cnonce = randomBytes(16).toString('hex')): Answering | undefined {
  const digests = challenges.filter(({ scheme }) => scheme === 'digest').flatMap((challenge) => digestOf(challenge, cnonce) ?? []);
  const best = digests.find(({ hash }) => hash === 'sha256') ?? digests[0];
  if (best !== undefined) return best;
  return challenges.some(({ scheme }) => scheme === 'basic') ? BASIC : undefined;
}

/** Whether a proxy says that nothing but its nonce was old. */
export function isStale(challenges: readonly Challenge[]): boolean {
  return challenges.some(({ scheme, parameters }) => scheme === 'digest' && parameters.get('stale')?.toLowerCase() === 'true');
}

const BASIC: Answering = {
  scheme: 'basic',
  answer: ({ user, password }) => `Basic ${Buffer.from(`${user}:${password}`, 'utf8').toString('base64')}`,
};

const HASHES: Readonly<Record<string, { readonly hash: string; readonly isSession: boolean }>> = {
  md5: { hash: 'md5', isSession: false },
  'md5-sess': { hash: 'md5', isSession: true },
  'sha-256': { hash: 'sha256', isSession: false },
  'sha-256-sess': { hash: 'sha256', isSession: true },
};

function digestOf({ parameters }: Challenge, cnonce: string): (Answering & { readonly hash: string }) | undefined {
  const nonce = parameters.get('nonce');
  const algorithm = HASHES[(parameters.get('algorithm') ?? 'md5').toLowerCase()];
  const qops = parameters.get('qop')?.toLowerCase().split(/\s*,\s*/);
  if (nonce === undefined || algorithm === undefined || (qops !== undefined && !qops.includes('auth'))) return undefined;
  let count = 0;
  return {
    scheme: 'digest',
    hash: algorithm.hash,
    answer: (asked) => {
      count += 1;
      return digestAnswer(asked, { ...algorithm, parameters, nonce, hasQop: qops !== undefined, cnonce, count });
    },
  };
}

interface DigestState {
  readonly hash: string;
  readonly isSession: boolean;
  readonly parameters: ReadonlyMap<string, string>;
  readonly nonce: string;
  readonly hasQop: boolean;
  readonly cnonce: string;
  readonly count: number;
}

function digestAnswer({ method, uri, user, password }: Asked, { hash, isSession, parameters, nonce, hasQop, cnonce, count }: DigestState): string {
  const digest = (text: string): string => createHash(hash).update(text, 'utf8').digest('hex');
  const realm = parameters.get('realm') ?? '';
  const nc = count.toString(16).padStart(8, '0');
  const secret = digest(`${user}:${realm}:${password}`);
  const first = isSession ? digest(`${secret}:${nonce}:${cnonce}`) : secret;
  const second = digest(`${method}:${uri}`);
  const response = digest(hasQop ? `${first}:${nonce}:${nc}:${cnonce}:auth:${second}` : `${first}:${nonce}:${second}`);
  const quoted = (name: string, value: string | undefined): string[] => (value === undefined ? [] : [`${name}="${value.replaceAll(/["\\]/g, '\\$&')}"`]);
  const plain = (name: string, value: string | undefined): string[] => (value === undefined ? [] : [`${name}=${value}`]);
  return `Digest ${[
    ...quoted('username', user), ...quoted('realm', realm), ...quoted('nonce', nonce), ...quoted('uri', uri), ...quoted('response', response),
    ...plain('algorithm', parameters.get('algorithm')), ...quoted('opaque', parameters.get('opaque')),
    ...(hasQop || isSession ? [...plain('qop', hasQop ? 'auth' : undefined), ...plain('nc', nc), ...quoted('cnonce', cnonce)] : []),
  ].join(', ')}`;
}
