import { expect } from 'chai';
import { readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePorts } from '@lstp/core';
import { Workplace } from './support/lstp.js';

describe('lstp init', function () {
  this.timeout(60_000);
  let place: Workplace;
  beforeEach(() => {
    place = new Workplace();
  });
  afterEach(() => place.remove());

  it('makes a chain file that is right, with a key for each node', async () => {
    const { status, stdout, stderr } = await place.run(['init', 'demo']);
    expect([status, stderr]).to.deep.equal([0, '']);
    expect(stdout).to.contain('lstp up demo/chain.yaml --all --keys demo/keys --direct');
    expect(readdirSync(join(place.folder, 'demo/keys'))).to.deep.equal(['desk.key', 'east.key', 'lab.key', 'west.key']);
    expect(statSync(join(place.folder, 'demo/keys/desk.key')).mode & 0o777).to.equal(0o600);
    expect(await place.run(['check', 'demo/chain.yaml'])).to.deep.include({ status: 0, stdout: '', stderr: '' });
  });

  it('makes one that runs on one machine, with its own keys', async () => {
    await place.run(['init', 'demo']);
    await usePorts(join(place.folder, 'demo/chain.yaml'));
    const running = place.start(['up', 'demo/chain.yaml', '--all', '--keys', 'demo/keys', '--direct']);
    await running.says(/lstp: all ready\n/);
    expect(running.stderr).not.to.contain('a key for this run');
    expect((await running.end()).status).to.equal(0);
  });

  it('overwrites nothing', async () => {
    await place.run(['init', 'demo']);
    const before = readFileSync(join(place.folder, 'demo/chain.yaml'), 'utf8');
    const { status, stdout, stderr } = await place.run(['init', 'demo']);
    expect([status, stdout]).to.deep.equal([1, '']);
    expect(stderr).to.equal('lstp: demo/chain.yaml exists already, and nothing is overwritten; give another folder\n');
    expect(readFileSync(join(place.folder, 'demo/chain.yaml'), 'utf8')).to.equal(before);
  });
});

/** Free ports in place of those that the starter names: others may have them on this machine. */
async function usePorts(file: string): Promise<void> {
  const [west, east, web] = await freePorts(3);
  const text = readFileSync(file, 'utf8').replaceAll(':7070', `:${west}`).replaceAll(':7071', `:${east}`).replaceAll(':8080', `:${web}`);
  writeFileSync(file, text);
}
