import { expect } from 'chai';
import * as fc from 'fast-check';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ConfigError, decodeSource, parseChain } from '../../src/index.js';
import { SAMPLE_CATALOGUE } from './sample-plugins.js';

const FOLDER = fileURLToPath(new URL('../../../test/config/golden/', import.meta.url));
const SOURCES = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.yaml'))
  .map((file) => readFileSync(`${FOLDER}${file}`));

/** Anything else than a chain or a ConfigError with good places fails. */
function read(bytes: Uint8Array): void {
  try {
    parseChain(decodeSource(bytes, 'f'), 'f', SAMPLE_CATALOGUE);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    expect(error.problems.length).to.be.at.least(1);
    for (const { place, message } of error.problems) {
      expect(place.line).to.be.at.least(1);
      expect(place.column).to.be.at.least(1);
      expect(message).to.not.match(/undefined|NaN|\[object|\n/);
    }
  }
}

/** Pieces that mean something to YAML or to the chain file. */
const PIECES = ['lstp: 1\n', 'nodes:', 'tunnels:', '\n  ', '\n    ', 'desk', 'west', ': ', '{ ', ' }', '[', ']', ', ', '"', "'", '>', '<', '|', '(', ')', '&a', '*a', '!', '? ', '- ', '#', '%', '\t', '${env:X}', '${', '}', '://', '@', '::', '[::1]:1', '<<', '__proto__', 'key', 'listen', 'route', 'services', 'egress', 'through', 'at', 'to', '1', '0x1', '~', '\u0000', '\ufeff', '\r', '---\n', '...\n'];

describe('any chain file', () => {
  it('is a chain or a ConfigError: random bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), read), { numRuns: 500 });
  });

  it('is a chain or a ConfigError: random text of what means something', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...PIECES), { maxLength: 40 }), (pieces) => read(Buffer.from(`lstp: 1\n${pieces.join('')}`))),
      { numRuns: 3000 },
    );
  });

  it('is a chain or a ConfigError: golden files with a piece cut out and another put in', () => {
    const mutation = fc.record({ source: fc.nat(SOURCES.length - 1), at: fc.nat(2000), cut: fc.nat(20), put: fc.oneof(fc.constantFrom(...PIECES), fc.string({ maxLength: 10 })) });
    fc.assert(
      fc.property(mutation, ({ source, at, cut, put }) => {
        const bytes = SOURCES[source] ?? Buffer.alloc(0);
        const from = at % (bytes.length + 1);
        read(Buffer.concat([bytes.subarray(0, from), Buffer.from(put), bytes.subarray(from + cut)]));
      }),
      { numRuns: 3000 },
    );
  });

  for (const [name, text] of [
    ['deep lists', '['.repeat(100_000)],
    ['deep maps', 'a: {'.repeat(50_000)],
    ['deep blocks', Array.from({ length: 600 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n')],
    ['a long line of brackets', `lstp: 1\nnodes: ${'[ { ] }'.repeat(50_000)}`],
    ['a long line of quotes', `lstp: 1\nnodes: ${'"\' '.repeat(50_000)}`],
    ['a long line of references', `lstp: 1\nnodes: { a: ${'${env:X'.repeat(50_000)}`],
    ['a long line of spaces', `lstp: 1\nnodes: ${' '.repeat(500_000)}x: y`],
    ['a long line of words', `lstp: 1\n${'word '.repeat(100_000)}`],
    ['a long line of colons', `lstp: 1\na${': a'.repeat(100_000)}`],
    ['many empty lines in front of a mistake', `lstp: 1\n${'\n# x'.repeat(100_000)}\n\tx`],
    ['many keys', `lstp: 1\nnodes:\n${Array.from({ length: 20_000 }, (_, index) => `  n${index}: { x: 1 }\n`).join('')}`],
    ['many unknown nodes', `lstp: 1\nnodes: {${Array.from({ length: 500 }, (_, index) => `n${index}: {}`).join(',')}}\ntunnels:\n${Array.from({ length: 500 }, (_, index) => `  t${index}: { route: m${index} > k${index} }\n`).join('')}`],
    ['many services on one port', `lstp: 1\nnodes: { a: {}, b: { listen: "192.0.2.1:1" } }\ntunnels:\n  t:\n    route: a > b\n    services:\n${Array.from({ length: 5000 }, (_, index) => `      s${index}: { at: a, listen: "127.0.0.1:1", to: "a:1" }\n`).join('')}`],
    ['a route of nothing but arrows', `lstp: 1\nnodes: { a: {} }\ntunnels: { t: { route: "${'a>'.repeat(4000)}" } }`],
    ['a route of nothing but brackets', `lstp: 1\nnodes: { a: {} }\ntunnels: { t: { route: "${'('.repeat(8000)}" } }`],
    ['a route of ever more alternatives', `lstp: 1\nnodes: { a: {} }\ntunnels: { t: { route: "${'(a|b)>'.repeat(1300)}a" } }`],
    ['a long host', `lstp: 1\nnodes: { a: { listen: "${'a-'.repeat(200_000)}:1" } }`],
    ['a long proxy URL', `lstp: 1\nnodes: { a: { egress: "socks5://${'a@:%25'.repeat(50_000)}:1" } }`],
  ] as const) {
    it(`does not hang on ${name}`, function () {
      this.timeout(3000);
      read(Buffer.from(text));
    });
  }
});
