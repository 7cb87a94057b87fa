/**
 * Routes: `desk > west > (east | south) < lab`.
 *
 *   route = part (('>' | '<') part)*      part = NODE | '(' route ('|' route)* ')'
 *
 * `a > b`: a dials b. `( | )` is shorthand for alternatives and is expanded, the first group varying slowest.
 */
import { MAX_ALTERNATIVES, TOPOLOGY_ENTRIES } from '../protocol/index.js';
import type { Hop, Route } from './chain.js';
import { FormError } from './form-error.js';
import { clip, nameFault } from './name.js';

/** A node in a route's text, where it stands. */
export interface RouteNode {
  readonly name: string;
  readonly offset: number;
}

/** One alternative: its nodes, and for each hop who dials. */
export interface ParsedRoute {
  readonly nodes: readonly RouteNode[];
  readonly arrows: readonly Arrow[];
}

type Arrow = '>' | '<';
type Token = { readonly text: string; readonly offset: number };

/** Middles of a route; with its two ends as many as a topology list has entries. */
export const MAX_MIDDLES = TOPOLOGY_ENTRIES - 2;
/** A text beyond this is no route: 64 alternatives of 32 names fit. */
const MAX_LENGTH = 8192;
const MAX_NESTING = 8;

/** Every alternative that `text` stands for. Throws FormError. Whether the nodes exist is not looked at. */
export function parseRoute(text: string): readonly ParsedRoute[] {
  if (text.length > MAX_LENGTH) throw new FormError(`${text.length} characters are too many for a route; make a list of alternatives of it`);
  const routes = new RouteReader(text).read();
  for (const route of routes) checkRoute(route);
  return routes;
}

/** The typed form. */
export function toRoute({ nodes, arrows }: ParsedRoute): Route {
  const names = nodes.map(({ name }) => name);
  return { nodes: names, hops: arrows.map((arrow, index) => toHop(names[index] ?? '', names[index + 1] ?? '', arrow)) };
}

/** Back to text, one alternative: `desk > west < lab`. */
export function formatRoute({ nodes, hops }: Route): string {
  return hops.reduce((text, { right, dialer }) => `${text} ${dialer === 'left' ? '>' : '<'} ${right}`, nodes[0] ?? '');
}

function toHop(left: string, right: string, arrow: Arrow): Hop {
  return { left, right, dialer: arrow === '>' ? 'left' : 'right' };
}

function checkRoute({ nodes }: ParsedRoute): void {
  const [first] = nodes;
  if (nodes.length < 2) throw new FormError(`"${first?.name}" alone is no route; a route is one text with two ends at least, as in "desk > west < lab"`, first?.offset);
  const seen = new Set<string>();
  for (const { name, offset } of nodes) {
    if (seen.has(name)) throw new FormError(`"${name}" is twice in one route; a route passes a node once`, offset);
    seen.add(name);
  }
}

class RouteReader {
  readonly #text: string;
  readonly #tokens: readonly Token[];
  #next = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = tokenize(text);
  }

  read(): ParsedRoute[] {
    if (this.#tokens.length === 0) throw new FormError('empty; write a route such as "desk > west < lab"');
    const routes = this.#route();
    const rest = this.#peek();
    if (rest !== undefined) throw new FormError(this.#unexpected(rest), rest.offset);
    return routes;
  }

  #route(): ParsedRoute[] {
    let routes = this.#part();
    for (let token = this.#peek(); token?.text === '>' || token?.text === '<'; token = this.#peek()) {
      this.#next++;
      routes = join(routes, token.text, this.#part());
      refuseExcess(routes, token.offset);
    }
    return routes;
  }

  #part(): ParsedRoute[] {
    const token = this.#peek();
    if (token === undefined) throw new FormError('the route ends where a node is expected', this.#text.length);
    if (token.text === '(') return this.#group(token);
    if (/^[<>|)]$/.test(token.text)) throw new FormError(this.#missingNode(token), token.offset);
    this.#next++;
    const fault = nameFault(token.text, 'node');
    if (fault !== undefined) throw new FormError(fault, token.offset);
    return [{ nodes: [{ name: token.text, offset: token.offset }], arrows: [] }];
  }

  #group(open: Token): ParsedRoute[] {
    if (++this.#depth > MAX_NESTING) throw new FormError('too many ( inside one another', open.offset);
    const routes: ParsedRoute[] = [];
    do {
      this.#next++;
      routes.push(...this.#route());
      refuseExcess(routes, open.offset);
    } while (this.#peek()?.text === '|');
    const close = this.#peek();
    if (close === undefined) throw new FormError('"(" is not closed; write (west | south)', open.offset);
    if (close.text !== ')') throw new FormError(this.#unexpected(close), close.offset);
    this.#next++;
    this.#depth--;
    return routes;
  }

  #peek(): Token | undefined {
    return this.#tokens[this.#next];
  }

  #missingNode({ text }: Token): string {
    if (text === '<' || text === '>') return `a node is missing in front of "${text}"; an arrow stands between two nodes: "desk > west" (desk dials west), "west < lab" (lab dials west)`;
    return `a node is missing in front of "${text}"`;
  }

  #unexpected({ text }: Token): string {
    if (text === '|') return '"|" stands inside ( ) only; write "desk > (west | south) < lab", or make a list of routes';
    if (text === ')') return '")" without "("';
    return `"${clip(text)}" follows a node without an arrow; write ">" or "<" between two nodes`;
  }
}

/** While expanding, so that a short text cannot become a long list. */
function refuseExcess(routes: readonly ParsedRoute[], offset: number): void {
  if (routes.length > MAX_ALTERNATIVES) throw new FormError(`more than ${MAX_ALTERNATIVES} alternatives; a tunnel has at most ${MAX_ALTERNATIVES}`, offset);
  const longest = Math.max(...routes.map(({ nodes }) => nodes.length));
  if (longest > TOPOLOGY_ENTRIES) throw new FormError(`more than ${MAX_MIDDLES} middles; a route has at most ${MAX_MIDDLES}`, offset);
}

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  for (const match of text.matchAll(/[<>()|]|[^\s<>()|]+/g)) {
    const [word] = match;
    refuseForeignArrow(text, word, match.index);
    if (word.includes(',')) throw new FormError('nodes are not separated by commas but by who dials whom: "desk > west < lab"', match.index + word.indexOf(','));
    tokens.push({ text: word, offset: match.index });
  }
  return tokens;
}

/** `->`, `=>`, `-->`, and the arrows of Unicode. */
function refuseForeignArrow(text: string, word: string, offset: number): void {
  if (/[\u2190-\u21ff\u27f0-\u27ff\u2900-\u297f]/u.test(word)) throw new FormError(`"${clip(word)}": arrows are written ">" and "<"`, offset);
  if (!/^[-=]+$/.test(word)) return;
  throw new FormError(`"${text[offset - 1] === '<' ? '<' : ''}${word}${text[offset + word.length] === '>' ? '>' : ''}": arrows are written ">" and "<", without "${word[0]}"`, offset);
}

function join(lefts: readonly ParsedRoute[], arrow: Arrow, rights: readonly ParsedRoute[]): ParsedRoute[] {
  return lefts.flatMap((left) => rights.map((right) => ({ nodes: [...left.nodes, ...right.nodes], arrows: [...left.arrows, arrow, ...right.arrows] })));
}
