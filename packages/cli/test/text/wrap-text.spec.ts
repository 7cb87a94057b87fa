import { expect } from 'chai';
import { wrapText } from '../../src/text/wrap-text.js';

describe('wrapText', () => {
  it('breaks between words, as late as it can', () => {
    expect(wrapText('one two three', 7)).to.deep.equal(['one two', 'three']);
    expect(wrapText('one two three', 13)).to.deep.equal(['one two three']);
  });

  it('gives a word that is too long a line of its own', () => {
    expect(wrapText('a wonderfully b', 5)).to.deep.equal(['a', 'wonderfully', 'b']);
  });

  it('makes one line of nothing', () => {
    expect(wrapText('', 5)).to.deep.equal(['']);
  });
});
