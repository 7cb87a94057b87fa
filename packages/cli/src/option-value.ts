/** Values of options, from text. Each throws what commander prints as `option '--x' argument 'y' is invalid. …`. */
import { InvalidArgumentError } from 'commander';

/** A TCP port; 0 lets the system choose. */
export function portNumber(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) throw new InvalidArgumentError('A port is a number from 0 to 65535.');
  return port;
}

/** Seconds, as `30` or `1.5`; at most a day. */
export function seconds(text: string): number {
  const value = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text) || value > 86_400) throw new InvalidArgumentError('Seconds are a number from 0 to 86400.');
  return value;
}
