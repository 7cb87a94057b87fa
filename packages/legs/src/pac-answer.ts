/** What FindProxyForURL() gives: `PROXY a:3128; SOCKS5 b:1080; DIRECT`, alternatives in order. */
import { literalSecret, parseProxyUrl, type EgressPath } from '@lstp/core';

/** As browsers read them. */
const SCHEMES: Readonly<Record<string, string>> = { PROXY: 'http', HTTP: 'http', HTTPS: 'https', SOCKS: 'socks5', SOCKS4: 'socks4a', SOCKS5: 'socks5' };
/** Beyond these they are left out. */
const MOST_WAYS = 16;

/** Throws a plain Error for an answer without a way that lstp knows. An empty one is DIRECT. */
export function parsePacAnswer(answer: unknown): readonly EgressPath[] {
  if (answer === null || answer === undefined || answer === '') return [{ through: [] }];
  if (typeof answer !== 'string') throw new Error(`it is no text but ${typeof answer}`);
  const entries = answer.split(';').map((entry) => entry.trim()).filter((entry) => entry !== '');
  const paths = entries.slice(0, MOST_WAYS).flatMap((entry) => parseEntry(entry) ?? []);
  if (paths.length === 0) throw new Error(`"${answer.slice(0, 80)}" names no way out; right would be "PROXY host:port", "SOCKS5 host:port" or "DIRECT"`);
  return paths;
}

function parseEntry(entry: string): EgressPath | undefined {
  const [word = '', place, ...more] = entry.split(/\s+/);
  if (word.toUpperCase() === 'DIRECT') return { through: [] };
  const scheme = SCHEMES[word.toUpperCase()];
  if (scheme === undefined || place === undefined || more.length > 0) return undefined;
  return { through: [parseProxyUrl(`${scheme}://${literalSecret(place)}`)] };
}
