/** zod schemas of texts with a form of their own, and of what is expected where. */
import { z } from 'zod';
import { FormError } from './form-error.js';
import { clip } from './name.js';

export interface Expectation {
  /** What is expected, as in "expected host:port". */
  readonly expected: string;
  readonly example: string;
}

/** A text that `parse` turns into a value or refuses with a FormError, whose offset the problem points at. */
export function textForm<T>(parse: (text: string) => T, expectation: Expectation) {
  return z.string({ error: expecting(expectation) }).transform((text, context): T => {
    try {
      return parse(text);
    } catch (error) {
      if (!(error instanceof FormError)) throw error;
      context.addIssue({ code: 'custom', message: error.message, params: { offset: error.offset } });
      return z.NEVER;
    }
  });
}

/** A zod `error` for values of another kind, or none at all. */
export function expecting({ expected, example }: Expectation): (issue: { readonly input?: unknown }) => string {
  return ({ input }) => (input === undefined ? missing(`${expected}, such as ${example}`) : `expected ${expected}, not ${kindOf(input)}; write ${example}`);
}

/** Goes on behind `"web" has no "to"`. */
export function missing(expected: string): string {
  return `; write ${expected}`;
}

/** What a value is, in words of the file. Texts are not repeated: they may be secrets. */
export function kindOf(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  if (typeof value === 'number') return `the number ${value}`;
  if (typeof value === 'boolean') return `the word ${value}`;
  if (typeof value === 'string') return value === '' ? 'an empty text' : 'a text';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  return 'a map';
}

/** A text in quotes, for messages about texts that are no secrets. */
export function quote(text: string): string {
  return `"${clip(text)}"`;
}
