import { expect } from 'chai';
import { CHANNEL_CODES, WIRE_CODES } from '@lstp/core/protocol';
import { readDocument, sectionRows, sources } from '../support/documents.js';

const PAGE = readDocument('docs/errors.md');

describe('docs/errors.md', () => {
  it('has every code of the source, and no other', () => {
    const used = new Set(sources().flatMap(({ text }) => [...text.matchAll(/'(ERR_LSTP_[A-Z_]+)'/g)].map(([, code]) => code)));
    const listed = new Set(sectionRows(PAGE, 'Of the command and of nodes').map(([code]) => code));
    expect([...used].filter((code) => !listed.has(code)), 'not on the page').to.deep.equal([]);
    expect([...listed].filter((code) => !used.has(code)), 'not in the source').to.deep.equal([]);
  });

  it('has every code of the wire', () => {
    expect(sectionRows(PAGE, 'On the wire, in ERROR').map(([code]) => code)).to.deep.equal([...WIRE_CODES]);
  });

  it('has every code of channels', () => {
    expect(sectionRows(PAGE, 'Of channels').map(([code]) => code)).to.deep.equal([...CHANNEL_CODES]);
  });

  it('says cause and remedy of each', () => {
    for (const row of ['Of the command and of nodes', 'On the wire, in ERROR', 'Of channels'].flatMap((title) => sectionRows(PAGE, title))) {
      expect(row, row[0]).to.have.length(3);
      for (const cell of row) expect(cell, row[0]).not.to.equal('');
    }
  });
});
