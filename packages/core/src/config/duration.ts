/** `30s`, `5m`, `1h`: spans of time. */
import { FormError } from './form-error.js';

const UNIT_MS: Partial<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const MAX_MS = 86_400_000;

/** Milliseconds, from 0 to a day. Throws FormError. */
export function parseDuration(text: string): number {
  const found = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h)$/.exec(text);
  if (found === null) throw new FormError(`"${text.slice(0, 20)}" is no span of time; write a number and its unit, such as 30s, 5m or 1h`);
  const ms = Math.round(Number(found[1]) * (UNIT_MS[found[2] ?? ''] ?? 0));
  if (ms > MAX_MS) throw new FormError(`"${text}" is longer than 24h, the longest possible`);
  return ms;
}
