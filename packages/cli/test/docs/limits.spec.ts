import { expect } from 'chai';
import { readDocument, sectionRows, sources, titles } from '../support/documents.js';

const PAGE = readDocument('docs/limits.md');
const WIRE = 'On the wire: `packages/core/src/protocol/limits.ts`';

describe('docs/limits.md', () => {
  it('has every limit of protocol/limits.ts', () => {
    const limits = sources().find(({ file }) => file.endsWith('core/src/protocol/limits.ts'))?.text ?? '';
    const names = [...limits.matchAll(/^export const ([A-Z_]+) =/gm)].map(([, name]) => name);
    expect(sectionRows(PAGE, WIRE).map(([name]) => name)).to.have.members(names);
  });

  it('has their values', async () => {
    const limits = (await import(new URL('../../../../core/dist/src/protocol/limits.js', import.meta.url).href)) as Record<string, number>;
    for (const [name = '', value] of sectionRows(PAGE, WIRE)) expect(value, name).to.equal(String(limits[name]));
  });

  it('has the values that the source gives the others', () => {
    const text = sources().map((source) => source.text).join('\n').replaceAll(/(?<=\d)_(?=\d)/g, '');
    for (const [name, value] of titles(PAGE).filter((title) => title !== WIRE).flatMap((title) => sectionRows(PAGE, title))) {
      expect(valuesOf(text, name ?? ''), name).to.include(Number(value));
    }
  });

  it('names files that are there', () => {
    const files = sources().map(({ file }) => file.replace(/^packages\//, '').replace('/src/', '/'));
    for (const row of titles(PAGE).flatMap((title) => sectionRows(PAGE, title))) {
      for (const place of (row[4] ?? '').split(', ')) {
        expect(files.some((file) => file === place || file === `core/${place}`), `${row[0]}: ${place}`).to.equal(true);
      }
    }
  });
});

/** Of `const NAME = 1 * 2`, and of `name: 3` in a table of defaults. */
function valuesOf(text: string, name: string): number[] {
  return [...text.matchAll(new RegExp(`\\b${name}\\b(?: =|:) ([\\d* ]+|[A-Z_]+)[,; ]`, 'g'))].map(([, value = '']) =>
    /^[A-Z_]+$/.test(value) ? (valuesOf(text, value)[0] ?? NaN) : value.split('*').reduce((product, factor) => product * Number(factor), 1),
  );
}
