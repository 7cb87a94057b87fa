/** What js-yaml's syntax errors mean to whoever writes a chain file. */
import type { ConfigProblem } from './config-error.js';
import { clip } from './name.js';
import { LineIndex } from './source.js';

interface Fault {
  readonly at: number;
  readonly message: string;
}
/** Looks at the line where parsing stopped; `start` is the line's offset. */
type Explanation = (line: string, start: number) => Fault | undefined;

const EXPLANATIONS: readonly Explanation[] = [tabs, bracketedAddress, referenceInFlow, reservedCharacter, textBehindQuotes, colonInText, missingColon];

/** The problem behind a YAMLException. `mark` counts from 0 and may be missing. */
export function yamlFault(source: string, error: { readonly reason: string; readonly mark?: { readonly position: number } }): ConfigProblem {
  const position = Math.min(error.mark?.position ?? 0, source.length);
  const lines = new LineIndex(source);
  for (const start of linesBefore(source, position)) {
    const line = /^[^\r\n]*/.exec(source.slice(start))?.[0] ?? '';
    for (const explain of EXPLANATIONS) {
      const fault = explain(line, start);
      if (fault !== undefined) return { place: lines.place(fault.at), message: fault.message };
    }
  }
  return { place: lines.place(position), message: `not YAML: ${plain(error.reason)}` };
}

/** The line of `position`, then the one above it with text: parsers often stop one line late. */
function* linesBefore(source: string, position: number): Generator<number> {
  const start = lineStart(source, position);
  yield start;
  let above = start;
  do {
    if (above === 0) return;
    above = lineStart(source, above - 1);
  } while (/^[ \t]*(?:#.*)?(?:\r|\n|$)/.test(source.slice(above)));
  yield above;
}

function lineStart(source: string, position: number): number {
  return Math.max(source.lastIndexOf('\n', position - 1), source.lastIndexOf('\r', position - 1)) + 1;
}

function tabs(line: string, start: number): Fault | undefined {
  const indent = /^ *\t/.exec(line);
  return indent === null ? undefined : { at: start + indent[0].length - 1, message: 'a tab in the indentation; YAML wants spaces' };
}

function bracketedAddress(line: string, start: number): Fault | undefined {
  const found = /\[[0-9a-fA-F:.%]*:[0-9a-zA-Z:.%]*\](?::\d+)?/.exec(line);
  return found === null ? undefined : { at: start + found.index, message: `YAML reads [ ] as a list; put the address in quotes: "${found[0]}"` };
}

function referenceInFlow(line: string, start: number): Fault | undefined {
  const found = /(?<=[[{,]\s*|[{,]\s*[^\s,{}]+:\s+)[^\s,"'{}[\]]*\$\{[^}]*\}[^\s,"'{}[\]]*/.exec(line);
  return found === null ? undefined : { at: start + found.index, message: `inside [ ] and { } a text with \${...} stands in quotes: "${clip(found[0])}"` };
}

function reservedCharacter(line: string, start: number): Fault | undefined {
  const found = /(?<=(?::|-|^|[[{,])\s+)[@`%][^\s#,]*/.exec(line);
  return found === null ? undefined : { at: start + found.index, message: `no YAML text begins with "${found[0][0]}"; put it in quotes: "${clip(found[0])}"` };
}

function textBehindQuotes(line: string, start: number): Fault | undefined {
  const found = /(?<=:\s+)(?:"[^"]*"|'[^']*')(?=[^\s,\]}#])/.exec(line);
  return found === null ? undefined : { at: start + found.index + found[0].length, message: 'text behind the closing quote; put all of it inside the quotes' };
}

function colonInText(line: string, start: number): Fault | undefined {
  const found = /^\s*(?:- +)?[\w.-]+:\s+([^\s"'#[{>|&*!][^"'#[{]*?)(?=:\s)/.exec(line);
  if (found === null) return undefined;
  return { at: start + found[0].length, message: 'a second ": " in one line; put the text in quotes if the colon belongs to it, or begin a new line' };
}

function missingColon(line: string, start: number): Fault | undefined {
  const found = /^\s*([a-z0-9._-]+)(?:\s+\S+)?\s*$/i.exec(line);
  if (found === null || line.trimStart().startsWith('- ')) return undefined;
  return { at: start + line.length - line.trimStart().length, message: `a colon is missing behind "${clip(found[1] ?? '')}"; a line is KEY: VALUE` };
}

function plain(reason: string): string {
  if (reason.startsWith('bad indentation')) return 'a key or text that is not expected here; check the indentation of this line and the one above, and quote text with ": " or " #" in it';
  if (reason === 'deficient indentation') return 'the text, list or map above is not closed; a quote, "]" or "}" is missing';
  if (reason.startsWith('unexpected end of the stream')) return 'the file ends inside a text, list or map; a quote, "]" or "}" is missing';
  if (reason.startsWith('missed comma')) return 'a comma is missing between two entries of [ ] or { }, or a text there needs quotes';
  if (reason.startsWith('null byte')) return 'a NUL character; a chain file is text';
  if (reason.startsWith('end of the stream or a document')) return 'a key was expected: KEY: VALUE, at the indentation of its neighbours';
  return reason;
}
