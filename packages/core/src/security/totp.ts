/**
 * One-time codes by time (TOTP, RFC 6238) as authenticator programs make them: HMAC-SHA-1, steps of 30 s, six digits.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { formatBase32 } from './base32.js';

const STEP_MS = 30_000;
const DIGITS = 6;
/** Clocks differ, and people type slowly: the code before and the one after are right too. */
const DRIFT_STEPS = 1;

/** The code of the time step that `timeMs` (since 1970) lies in. */
export function totpCode(secret: Uint8Array, timeMs: number): string {
  return hotpCode(secret, Math.floor(timeMs / STEP_MS));
}

/** The step whose code this is, one around `timeMs`; undefined if none. Compares with all of them, in constant time. */
export function matchTotp(secret: Uint8Array, code: string, timeMs: number): number | undefined {
  const given = Buffer.from(code);
  if (given.length !== DIGITS) return undefined;
  const now = Math.floor(timeMs / STEP_MS);
  let found: number | undefined;
  for (let step = now - DRIFT_STEPS; step <= now + DRIFT_STEPS; step++) {
    if (timingSafeEqual(Buffer.from(hotpCode(secret, step)), given)) found = step;
  }
  return found;
}

/** What authenticator programs read, also as a QR code. */
export function otpauthUrl(user: string, secret: Uint8Array): string {
  return `otpauth://totp/lstp:${encodeURIComponent(user)}?secret=${formatBase32(secret)}&issuer=lstp&algorithm=SHA1&digits=${DIGITS}&period=${STEP_MS / 1000}`;
}

/** RFC 4226, section 5.3. */
function hotpCode(secret: Uint8Array, counter: number): string {
  const message = Buffer.alloc(8);
  message.writeBigUInt64BE(BigInt(counter));
  const mac = createHmac('sha1', secret).update(message).digest();
  const offset = mac.readUInt8(mac.length - 1) & 0xf;
  return String((mac.readUInt32BE(offset) & 0x7fff_ffff) % 10 ** DIGITS).padStart(DIGITS, '0');
}
