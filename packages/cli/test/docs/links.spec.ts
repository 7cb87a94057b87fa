import { expect } from 'chai';
import { documents } from '../support/documents.js';

describe('documents', () => {
  it('link to files and headings that are there', () => {
    const pages = documents();
    const broken = pages.flatMap(({ file, links }) => links.filter((link) => !link.exists).map(({ target }) => `${file}: ${target}`));
    expect(pages.length).to.be.greaterThan(8);
    expect(broken).to.deep.equal([]);
  });

  it('say nothing of the machine they were written on', () => {
    for (const { file, text } of documents()) expect(text, file).not.to.match(/\/(?:root|home|work|tmp\/wt)\/\w/);
  });
});
