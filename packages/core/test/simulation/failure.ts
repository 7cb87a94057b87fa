/** What the simulation found wrong. */
export class Failure extends Error {}

export function check(condition: boolean, message: () => string): asserts condition {
  if (!condition) throw new Failure(message());
}
