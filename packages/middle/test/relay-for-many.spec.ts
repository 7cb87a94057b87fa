import { expect } from 'chai';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PluginCatalogue, parseChain, type Chain } from '@lstp/core';
import { namedSigner } from '@lstp/core/testing';
import { take } from './support/bytes.js';
import { Lab } from './support/lab.js';

const key = (name: string) => namedSigner(name).publicKey;

describe('middle: a relay for many', () => {
  let lab: Lab;
  let folder: string;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'lstp-relay-'));
    lab = await Lab.up('desk > west < lab');
  });
  afterEach(() => {
    lab.close();
    rmSync(folder, { recursive: true });
  });

  /** west's own file: itself, and whom it admits. */
  const relayChain = (admit: string): Chain => {
    writeFileSync(join(folder, 'keys.txt'), admit);
    return parseChain(`lstp: 1\nnodes:\n  west: { key: "${key('west')}", listen: "127.0.0.1:${lab.port('west')}", admit: keys.txt }\n`, join(folder, 'west.yaml'), new PluginCatalogue([]));
  };
  const expectCarried = async () => {
    const { left, right } = await lab.carrier();
    left.write('carried');
    expect(String(await take(right, 7))).to.equal('carried');
    return { left, right };
  };
  const refusal = (end: string) => lab.end(end).connect().then(() => 'none', (error: Error) => error.message);

  it('pairs ends whose keys it admits, without their chain file', async () => {
    lab.role('west').reload([relayChain(`${key('desk')} acme\n${key('lab')} *\n`)]);
    await expectCarried();
    expect(lab.role('west').status().legs.map(({ tunnel, from }) => [tunnel, from])).to.deep.equal([[null, key('desk')], [null, key('lab')]]);
  });

  it('refuses a key that is not admitted, and one that is for another name', async () => {
    lab.role('west').reload([relayChain(`${key('lab')} other-tunnel\n`)]);
    expect(await refusal('desk')).to.contain('REFUSED');
    expect(await refusal('lab')).to.contain('REFUSED');
    expect((await lab.log.line('is not admitted')).fields).to.include({ code: 'REFUSED' });
  });

  it('takes over a changed list: whom it no longer admits is closed, all else goes on', async () => {
    const role = lab.role('west');
    role.reload([lab.chain, relayChain(`${key('friend')} *\n`)]);
    const { left, right } = await expectCarried();
    expect(role.reload([lab.chain, relayChain(`${key('other')} *\n`)])).to.deep.equal([`admitted key ${key('other')} added`, `admitted key ${key('friend')} removed`]);
    right.write('still');
    expect(String(await take(left, 5))).to.equal('still');
    const ended = new Promise((resolve) => left.once('close', resolve).resume());
    expect(role.reload([relayChain(`${key('other')} *\n`)])).to.deep.equal(['relayed tunnel acme removed']);
    await ended;
    expect(await refusal('desk')).to.contain('REFUSED');
  });

  it('says which key may use other names than before', () => {
    const role = lab.role('west');
    role.reload([relayChain(`${key('desk')} acme\n${key('lab')} acme globex\n`)]);
    expect(role.reload([relayChain(`${key('desk')} globex\n${key('lab')} globex acme\n`)])).to.deep.equal([`admitted key ${key('desk')} has other names`]);
    expect(role.reload([relayChain(`${key('desk')} globex *\n${key('lab')} *\n`)])).to.deep.equal(['desk', 'lab'].map((end) => `admitted key ${key(end)} has other names`));
  });

  it('changes nothing when the new list is wrong', async () => {
    const role = lab.role('west');
    expect(() => role.reload([relayChain('nonsense\n')])).to.throw('a line begins with a public key');
    await expectCarried();
  });

  it('serves several chain files that use the same names for different nodes', async () => {
    const [desk, customer] = [key('desk'), key('desk of another customer')];
    const other = lab.makeChain(['desk > west < lab'], { desk: customer, lab: key('lab of another customer') });
    lab.role('west').reload([other, lab.chain]);
    await expectCarried();
    expect(desk).to.not.equal(customer);
  });
});
