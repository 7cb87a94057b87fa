/**
 * Passwords as they lie in a users file: scrypt (RFC 7914) in the PHC string form,
 * `$scrypt$ln=15,r=8,p=1$SALT$HASH`, base64 without padding; ln is the binary logarithm of the cost N.
 * One run takes 32 MiB and about a tenth of a second of a thread: only a few run at once in a process, the others wait.
 */
import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

export interface ScryptHash {
  readonly ln: number;
  readonly r: number;
  readonly p: number;
  readonly salt: Buffer;
  readonly hash: Buffer;
}

/** At once in this process: Node has four threads for this, for files and for names. */
const SCRYPTS_AT_ONCE = 2;
/** That wait for one of these; what comes beyond is refused. */
const SCRYPTS_WAITING = 64;
/** What one run may take: 128 · r · 2^ln bytes. */
const SCRYPT_BYTES = 268_435_456;

const COST = { ln: 15, r: 8, p: 1 } as const;
const SALT_BYTES = 16;
const HASH_BYTES = 32;
const FORM = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,3}),p=(\d{1,2})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/;

/** A new hash of `password`, in the PHC string form. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  return formatScryptHash({ ...COST, salt, hash: await derive(password, { ...COST, salt, length: HASH_BYTES }) });
}

/** Whether `password` is the one of `known`: always a whole run, compared in constant time. Rejects (ERR_LSTP_USERS_BUSY) when too many wait. */
export async function isPasswordOf(known: ScryptHash, password: string): Promise<boolean> {
  const isRight = timingSafeEqual(await derive(password, { ...known, length: known.hash.length }), known.hash);
  // HMAC, which scrypt begins with, pads with NUL: `x` and `x\0` have one hash.
  return isRight && !password.includes('\0');
}

/** A hash of the usual cost that no password has, for users that do not exist: their attempts take as long. */
export function unmatchableHash(): ScryptHash {
  return { ...COST, salt: randomBytes(SALT_BYTES), hash: randomBytes(HASH_BYTES) };
}

/** Undefined where `text` is none, or none that one run could afford. */
export function parseScryptHash(text: string): ScryptHash | undefined {
  const [, ln, r, p, salt, hash] = FORM.exec(text) ?? [];
  if (salt === undefined || hash === undefined) return undefined;
  const cost = { ln: Number(ln), r: Number(r), p: Number(p) };
  const isAffordable = cost.ln >= 10 && cost.r >= 1 && cost.p >= 1 && cost.p <= 16 && 128 * cost.r * 2 ** cost.ln <= SCRYPT_BYTES;
  return isAffordable ? { ...cost, salt: Buffer.from(salt, 'base64'), hash: Buffer.from(hash, 'base64') } : undefined;
}

export function formatScryptHash({ ln, r, p, salt, hash }: ScryptHash): string {
  return `$scrypt$ln=${ln},r=${r},p=${p}$${unpadded(salt)}$${unpadded(hash)}`;
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}

interface Derivation {
  readonly ln: number;
  readonly r: number;
  readonly p: number;
  readonly salt: Buffer;
  readonly length: number;
}

async function derive(password: string, { ln, r, p, salt, length }: Derivation): Promise<Buffer> {
  await turn();
  try {
    // One form for what looks alike, as keyboards differ (RFC 8265).
    return await run(password.normalize('NFC'), salt, { length, options: { N: 2 ** ln, r, p, maxmem: 2 * 128 * r * (2 ** ln + p) } });
  } finally {
    next();
  }
}

function run(password: string, salt: Buffer, { length, options }: { readonly length: number; readonly options: { readonly N: number; readonly r: number; readonly p: number; readonly maxmem: number } }): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password, salt, length, options, (error, derived) => (error === null ? resolve(derived) : reject(error)));
  });
}

let running = 0;
const waiting: (() => void)[] = [];

function turn(): Promise<void> | undefined {
  if (running < SCRYPTS_AT_ONCE) {
    running += 1;
    return undefined;
  }
  if (waiting.length >= SCRYPTS_WAITING) {
    throw Object.assign(new Error(`${SCRYPTS_WAITING} log-ins wait for their passwords to be checked already; try again later`), { code: 'ERR_LSTP_USERS_BUSY' });
  }
  return new Promise((resolve) => waiting.push(resolve));
}

/** Whoever waits longest takes over the place, so `running` stays. */
function next(): void {
  const first = waiting.shift();
  if (first === undefined) running -= 1;
  else first();
}
