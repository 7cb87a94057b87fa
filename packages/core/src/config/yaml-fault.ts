/** What js-yaml's syntax errors mean to whoever writes a chain file. */
import { isIPv6 } from 'node:net';
import type { ConfigProblem } from './config-error.js';
import { clip } from './name.js';
import { LineIndex } from './source.js';

interface Fault {
  readonly at: number;
  readonly message: string;
}
interface Line {
  /** As written. */
  readonly text: string;
  /** With quoted texts and the comment blanked out, so that they are not taken for YAML. */
  readonly bare: string;
  /** Of its first character, in the source. */
  readonly start: number;
}
type Explanation = (line: Line) => Fault | undefined;

/** Of the line where the parser stopped. */
const HERE: readonly Explanation[] = [tabs, bracketedAddress, referenceInFlow, reservedCharacter, arrowInFront, textBehindQuotes, colonInText];
/** Of that line and the one above it: for these the parser stops late. */
const HERE_OR_ABOVE: readonly Explanation[] = [notClosed, missingSpace, missingColon];

/** Longer lines are not explained: looking for what was meant takes time that grows faster than the line. */
const MAX_LINE = 1000;
/** Lines without text that are passed over in search of the one above. */
const MAX_GAP = 100;

/** The problem behind a YAMLException. `mark` counts from 0 and may be missing. */
export function yamlFault(source: string, error: { readonly reason: string; readonly mark?: { readonly position: number } }): ConfigProblem {
  const position = Math.min(error.mark?.position ?? 0, source.length);
  const lines = new LineIndex(source);
  const fault = explain(source, lines, lines.lineOf(position)) ?? { at: position, message: `not YAML: ${plain(error.reason, source[position])}` };
  return { place: lines.place(fault.at), message: fault.message };
}

function explain(source: string, lines: LineIndex, number: number): Fault | undefined {
  const here = lineAt(source, lines.start(number));
  const above = lineAbove(source, lines, number);
  for (const explanation of HERE) {
    const fault = explanation(here);
    if (fault !== undefined) return fault;
  }
  for (const line of above === undefined ? [here] : [here, above]) {
    for (const explanation of HERE_OR_ABOVE) {
      const fault = explanation(line);
      if (fault !== undefined) return fault;
    }
  }
  return undefined;
}

/** A line beyond MAX_LINE is given as an empty one. */
function lineAt(source: string, start: number): Line {
  const text = /^[^\r\n]*/.exec(source.slice(start, start + MAX_LINE + 1))?.[0] ?? '';
  return text.length > MAX_LINE ? { text: '', bare: '', start } : { text, bare: blank(text), start };
}

/** The next line upwards that is neither empty nor only a comment. */
function lineAbove(source: string, lines: LineIndex, number: number): Line | undefined {
  for (let above = number - 1; above > 0 && number - above <= MAX_GAP; above--) {
    const line = lineAt(source, lines.start(above));
    if (line.bare.trim() !== '') return line;
  }
  return undefined;
}

function blank(text: string): string {
  return text.replaceAll(/"(?:[^"\\]|\\.)*"|'[^']*'/g, (quoted) => `"${'_'.repeat(quoted.length - 2)}"`).replace(/(?:^|\s)#.*$/, (comment) => ' '.repeat(comment.length));
}

function tabs({ text, start }: Line): Fault | undefined {
  const indent = /^ *\t/.exec(text);
  return indent === null ? undefined : { at: start + indent[0].length - 1, message: 'a tab in the indentation; YAML wants spaces' };
}

function bracketedAddress({ bare, start }: Line): Fault | undefined {
  for (const found of bare.matchAll(/\[([0-9a-fA-F:.]*)(?:%\w+)?\](?::\d+)?/g)) {
    if (isIPv6(found[1] ?? '')) return { at: start + found.index, message: `YAML reads [ ] as a list; put the address in quotes: "${found[0]}"` };
  }
  return undefined;
}

function referenceInFlow({ bare, start }: Line): Fault | undefined {
  const found = /[^\s,"'{}[\]$]*\$\{[^}]*\}[^\s,"'{}[\]]*/.exec(bare);
  if (found === null || !/[[{]/.test(bare.slice(0, found.index))) return undefined;
  return { at: start + found.index, message: `inside [ ] and { } a text with \${...} stands in quotes: "${clip(found[0])}"` };
}

function reservedCharacter({ bare, start }: Line): Fault | undefined {
  const found = /(?<=[:\-,[{]\s+)[@`%][^\s#,]*/.exec(bare);
  return found === null ? undefined : { at: start + found.index, message: `no YAML text begins with "${found[0][0]}"; put it in quotes: "${clip(found[0])}"` };
}

function arrowInFront({ bare, start }: Line): Fault | undefined {
  const found = /(?<=[:-]\s+)[>|]\s+[a-z0-9]/i.exec(bare);
  return found === null ? undefined : { at: start + found.index, message: `"${found[0][0]}" in front of a text means something else to YAML; a route begins with a node: "desk > west < lab"` };
}

function textBehindQuotes({ bare, start }: Line): Fault | undefined {
  const found = /(?<=:\s+)"_*"(?=[^\s,\]}#"])/.exec(bare);
  return found === null ? undefined : { at: start + found.index + found[0].length, message: 'text behind the closing quote; put all of it inside the quotes' };
}

function colonInText({ bare, start }: Line): Fault | undefined {
  const found = /^\s*(?:- +)?[\w.-]+:\s+[^\s"'#[{>|&*!][^"'#[{]*?(?=:\s)/.exec(bare);
  if (found === null) return undefined;
  return { at: start + found[0].length, message: 'a second ": " in one line; put the text in quotes if the colon belongs to it, or begin a new line' };
}

/** A quote or bracket that this line opens and does not close. */
function notClosed({ bare, start }: Line): Fault | undefined {
  const open: { readonly char: string; readonly at: number }[] = [];
  for (const { 0: char, index } of bare.replaceAll(/"_*"/g, (quoted) => '_'.repeat(quoted.length)).matchAll(/["'[\]{}]/g)) {
    const closing = char === ']' || char === '}';
    if (closing && open.at(-1)?.char !== (char === ']' ? '[' : '{')) return wrongClosing(char, open.at(-1)?.char, start + index);
    if (closing) open.pop();
    else if (/["']/.test(char) && /\w/.test(bare[index - 1] ?? '')) continue;
    else open.push({ char, at: index });
    if (/["']/.test(char)) break;
  }
  const last = open.at(-1);
  return last === undefined ? undefined : { at: start + last.at, message: `${last.char === '"' ? `'"'` : `"${last.char}"`} is opened here and not closed` };
}

function wrongClosing(char: string, open: string | undefined, at: number): Fault {
  const message = open === undefined ? `"${char}" closes nothing` : `"${char}" closes what "${open}" opened; write "${open === '[' ? ']' : '}'}" first`;
  return { at, message };
}

function missingSpace({ bare, start }: Line): Fault | undefined {
  const found = /^(\s*)([a-z][\w.-]*):([^\s:"'/][^\s"']*)\s*$/i.exec(bare);
  if (found === null) return undefined;
  return { at: start + (found[1] ?? '').length, message: `a space is missing behind the colon; write "${clip(`${found[2]}: ${found[3]}`)}"` };
}

function missingColon({ bare, start }: Line): Fault | undefined {
  const found = /^(\s*)([a-z0-9._-]+)(?:\s+[^\s:]\S*)?\s*$/i.exec(bare);
  if (found === null || bare.trimStart().startsWith('- ')) return undefined;
  return { at: start + (found[1] ?? '').length, message: `a colon is missing behind "${clip(found[2] ?? '')}"; a line is KEY: VALUE` };
}

function plain(reason: string, char: string | undefined): string {
  if (reason.startsWith('bad indentation')) return 'a key or text that is not expected here; check the indentation of this line and the one above, and quote text with ": " or " #" in it';
  if (reason === 'deficient indentation') return 'the text, list or map above is not closed; a quote, "]" or "}" is missing';
  if (reason.startsWith('unexpected end of the stream')) return 'the file ends inside a text, list or map; a quote, "]" or "}" is missing';
  if (reason.startsWith('missed comma')) return char === '}' || char === ']' ? `"${char}" while another bracket is open` : 'a comma is missing between two entries of [ ] or { }, or a text there needs quotes';
  if (reason.startsWith('null byte')) return 'a NUL character; a chain file is text';
  if (reason.startsWith('end of the stream or a document')) return 'a key was expected: KEY: VALUE, at the indentation of its neighbours';
  return clip(reason);
}
