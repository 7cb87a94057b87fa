import { expect } from 'chai';
import { nearest } from '../../src/index.js';

describe('nearest', () => {
  const words = ['listen', 'address', 'egress', 'key', 'admit'];

  it('finds a word with a letter missing, added, replaced or swapped', () => {
    expect(nearest('lisen', words)).to.equal('listen');
    expect(nearest('addresss', words)).to.equal('address');
    expect(nearest('egrass', words)).to.equal('egress');
    expect(nearest('kye', words)).to.equal('key');
  });

  it('takes no notice of case', () => expect(nearest('Listen', words)).to.equal('listen'));

  it('finds the one word that begins like it', () => expect(nearest('addr', words)).to.equal('address'));

  it('prefers the nearest', () => expect(nearest('wset', ['east', 'west'])).to.equal('west'));

  it('finds nothing where nothing is near', () => {
    expect(nearest('banana', words)).to.equal(undefined);
    expect(nearest('', words)).to.equal(undefined);
    expect(nearest('x', [])).to.equal(undefined);
  });
});
