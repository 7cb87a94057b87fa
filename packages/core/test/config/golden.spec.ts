/**
 * golden/NAME.yaml with NAME.json (the chain it means) or NAME.error (what is wrong with it) beside it.
 * A new case needs no code: write the YAML, run once with LSTP_GOLDEN=write, and read what was written.
 */
import { expect } from 'chai';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ConfigError, decodeSource, parseChain } from '../../src/index.js';
import { SAMPLE_CATALOGUE } from './sample-plugins.js';

const FOLDER = new URL('../../../test/config/golden/', import.meta.url);
const WRITE = process.env['LSTP_GOLDEN'] === 'write';

describe('chain file', () => {
  const cases = readdirSync(fileURLToPath(FOLDER)).filter((file) => file.endsWith('.yaml'));

  for (const file of cases) {
    const name = file.replace(/\.yaml$/, '');
    const isWrong = existsSync(new URL(`${name}.error`, FOLDER));
    it(`${isWrong ? 'refuses' : 'reads'} ${name.replaceAll('-', ' ')}`, () => {
      const { kind, text } = outcome(file);
      if (WRITE) write(name, kind, text);
      const golden = new URL(`${name}.${kind}`, FOLDER);
      if (!existsSync(golden)) expect.fail(`no ${name}.${kind}, which would be:\n${text}`);
      expect(text).to.equal(readFileSync(golden, 'utf8'));
    });
  }

  it('has no golden file without its YAML', () => {
    const orphans = readdirSync(fileURLToPath(FOLDER)).filter((file) => !existsSync(new URL(file.replace(/\.(?:json|error)$/, '.yaml'), FOLDER)));
    expect(orphans).to.deep.equal([]);
  });
});

function outcome(file: string): { kind: 'json' | 'error'; text: string } {
  try {
    const chain = parseChain(decodeSource(readFileSync(new URL(file, FOLDER)), file), file, SAMPLE_CATALOGUE);
    return { kind: 'json', text: `${JSON.stringify(chain, (_key, value: unknown) => (value instanceof Map ? Object.fromEntries(value) : typeof value === 'bigint' ? value.toString() : value), 2)}\n` };
  } catch (error) {
    if (error instanceof ConfigError) return { kind: 'error', text: `${error.message}\n` };
    throw error;
  }
}

function write(name: string, kind: 'json' | 'error', text: string): void {
  for (const other of ['json', 'error']) rmSync(new URL(`${name}.${other}`, FOLDER), { force: true });
  writeFileSync(new URL(`${name}.${kind}`, FOLDER), text);
}
