/** One request that a policy looks at, and the forms that rules are written in. */
import type { Request } from '../wire/request.js';
import type { Connection } from './connection.js';
import { X_ERROR, type Instead } from './refusal.js';

/** Longer ones, where all of a request must be seen, are refused. */
export const MOST_INSPECTED_BYTES = 16_384;

export interface Rule {
  /** Without these there is nothing to check: servers refuse a request that is shorter. In the short form. */
  readonly least: number;
  /** As far as check() reads. */
  readonly bytes: number;
  /** Whether all of it is to be there. */
  readonly whole?: true;
  /** `own@4`: the fields that it reads, by the names and places of xcb-proto, which a test compares. */
  readonly fields: readonly string[];
  check(request: Request, connection: Connection): Instead | undefined;
}

/** Rules by extension (`core` is the core's) and request. */
export type Rules = Readonly<Record<string, Readonly<Record<string, Rule>>>>;

/** They show what goes on between the server and all other clients: keys, pictures, what is pasted. */
export const RECORDING_EXTENSIONS: readonly string[] = ['RECORD'];

export function denied(resource = 0): Instead {
  return { kind: 'error', code: X_ERROR.access, resource };
}

/** Whatever it asks. */
export const NEVER: Rule = { least: 4, bytes: 4, fields: [], check: () => denied() };

/** These must be things that the client made: `drawable@4`. None, and constants like CopyFromParent, are nobody's. */
export function own(...fields: readonly string[]): Rule {
  const places = fields.map(placeOf);
  return {
    least: Math.max(...places) + 4,
    bytes: Math.max(...places) + 4,
    fields,
    check(request, connection) {
      for (const place of places) {
        const id = request.u32(place);
        if (id > 1 && !connection.isOwn(id)) return denied(id);
      }
      return undefined;
    },
  };
}

/** As own(), for values that are there where their bits are set: `value_mask@8`, the values right behind it. */
export function ownValues(mask: string, ...bits: readonly number[]): Rule {
  const place = placeOf(mask);
  return {
    least: place + 4,
    bytes: place + 4 + 32 * 4,
    fields: [mask],
    check(request, connection) {
      for (const bit of bits) {
        const id = valueOf(request, place, bit);
        if (id > 1 && !connection.isOwn(id)) return denied(id);
      }
      return undefined;
    },
  };
}

/** The value of one bit, 0 where it is not there. */
export function valueOf(request: Request, maskAt: number, bit: number): number {
  const mask = request.u32(maskAt);
  const at = maskAt + 4 + 4 * bitsIn(mask & (2 ** bit - 1));
  return (mask & (1 << bit)) === 0 || at + 4 > request.plainBytes ? 0 : request.u32(at);
}

/** The first refusal of several. */
export function all(...rules: readonly Rule[]): Rule {
  const whole = rules.some((rule) => rule.whole === true) ? { whole: true as const } : {};
  return {
    least: Math.min(...rules.map(({ least }) => least)),
    bytes: Math.max(...rules.map(({ bytes }) => bytes)),
    ...whole,
    fields: rules.flatMap(({ fields }) => fields),
    check(request, connection) {
      for (const rule of rules) {
        const instead = request.plainBytes < rule.least ? undefined : rule.check(request, connection);
        if (instead !== undefined) return instead;
      }
      return undefined;
    },
  };
}

export function placeOf(field: string): number {
  return Number(field.slice(field.indexOf('@') + 1));
}

function bitsIn(mask: number): number {
  let bits = 0;
  for (let left = mask; left !== 0; left &= left - 1) bits += 1;
  return bits;
}
