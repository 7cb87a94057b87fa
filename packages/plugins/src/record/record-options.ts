/** What an entry of `monitors` with `plugin: record` says in the chain file. */
import { FormError, textForm } from '@lstp/core/config';
import { z } from 'zod';

const UNITS = { KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 } as const;
/** A recording without a size of its own. */
const DEFAULT_RECORDING_BYTES = 67_108_864;
const MOST_RECORDING_BYTES = 68_719_476_736;

export const RECORD_OPTIONS = z.strictObject({
  file: z.string().min(1).describe('The recording, at the end that `at` names; relative to the chain file. Never overwritten: the next one gets a number. Only its owner may read it.'),
  size: textForm(parseSize, { expected: 'a size', example: '64MiB' })
    .default(DEFAULT_RECORDING_BYTES)
    .describe('How large it may grow, as `500KiB`, `64MiB` or `2GiB`; at most `64GiB`; `64MiB` unless written. Then it ends, and the service goes on.'),
});

export type RecordOptions = z.output<typeof RECORD_OPTIONS>;

function parseSize(text: string): number {
  const [, number, unit] = /^(\d{1,8})(KiB|MiB|GiB)$/.exec(text) ?? [];
  const bytes = number === undefined ? 0 : Number(number) * UNITS[unit as keyof typeof UNITS];
  if (bytes === 0 || bytes > MOST_RECORDING_BYTES) throw new FormError(`"${text.slice(0, 40)}" is no size; write 500KiB, 64MiB or 2GiB, at most 64GiB`);
  return bytes;
}
