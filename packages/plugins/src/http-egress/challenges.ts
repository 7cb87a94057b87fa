/** Challenges of `Proxy-Authenticate` (RFC 9110, section 11): schemes and their parameters. */

export interface Challenge {
  /** In lower case. */
  readonly scheme: string;
  /** Names in lower case. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** Of what one header line holds at most; beyond it nothing is read. */
const MOST_CHARACTERS = 8192;
/** A scheme, or a parameter; what is between commas. */
const ITEM = /\s*(?:([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^\s,"]+)|([!#$%&'*+.^_`|~0-9A-Za-z-]+)(?=\s|,|$)(?:\s+(?=[^\s=,]+=*\s*(?:,|$))([A-Za-z0-9._~+/-]+=*))?)\s*,?/y;

/** Of all header lines, in their order. What is no challenge ends the line it stands in. */
export function parseChallenges(lines: readonly string[]): Challenge[] {
  return lines.flatMap((line) => parseLine(line.slice(0, MOST_CHARACTERS)));
}

function parseLine(line: string): Challenge[] {
  const found: { scheme: string; parameters: Map<string, string> }[] = [];
  const item = new RegExp(ITEM);
  for (;;) {
    const match = item.exec(line);
    if (match === null || match[0] === '') return found;
    const [, name, value = '', scheme] = match;
    if (scheme !== undefined) found.push({ scheme: scheme.toLowerCase(), parameters: new Map() });
    else if (name !== undefined) found.at(-1)?.parameters.set(name.toLowerCase(), unquote(value));
  }
}

function unquote(text: string): string {
  return text.startsWith('"') ? text.slice(1, -1).replaceAll(/\\(.)/g, '$1') : text;
}
