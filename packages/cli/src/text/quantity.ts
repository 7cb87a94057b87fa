/** Quantities as people read them: two or three digits that matter. */

const DURATIONS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1000],
] as const;

/** `950 ms`, `12 s`, `3 min`, `2 h`, `5 d`: rounded down to whole units. */
export function duration(ms: number): string {
  for (const [unit, size] of DURATIONS) {
    if (ms >= size) return `${Math.floor(ms / size)} ${unit}`;
  }
  return `${Math.max(0, Math.floor(ms))} ms`;
}

/** A round trip: `0.4 ms`, `12.3 ms`, `123 ms`. */
export function roundTrip(ms: number | null): string {
  if (ms === null) return '-';
  return `${ms < 100 ? ms.toFixed(1) : Math.round(ms)} ms`;
}

const BYTE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** `999 B`, `1.5 KiB`, `120 MiB`. */
export function bytes(count: number): string {
  let value = count;
  let unit = 0;
  while (value >= 1024 && unit < BYTE_UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${BYTE_UNITS[unit]}`;
}
