import { expect } from 'chai';
import { DEFAULT_QUOTAS } from '../../src/protocol/end-ledger.js';
import { MAX_CARRIERS } from '../../src/protocol/limits.js';
import type { RelayRoute } from '../../src/protocol/relay-rules.js';
import { Desk, deskSetup, labSetup, only, tunnelOf } from './support/desk-of-legs.js';
import { keyOf } from './support/way.js';

describe('protocol/rendezvous limits each end by its key:', () => {
  const quotas = { ...DEFAULT_QUOTAS, setupsBurst: 1000 };
  const refused = (desk: Desk, setup = deskSetup()) => only(desk.arrive(setup).actions, 'refused')[0]?.error.message;

  it('16 parked legs in a tunnel, and a pair frees one', () => {
    const desk = new Desk({ quotas });
    for (let slot = 0; slot < 16; slot++) expect(refused(desk, deskSetup({ slot }))).to.equal(undefined);
    expect(refused(desk, deskSetup({ slot: 16 }))).to.contain('more than 16 parked legs');
    expect(refused(desk, labSetup({ slot: 3 }))).to.equal(undefined);
    expect(refused(desk, deskSetup({ slot: 16 }))).to.equal(undefined);
  });

  it('a newer attempt does not count twice', () => {
    const desk = new Desk({ quotas });
    for (let slot = 0; slot < 16; slot++) desk.arrive(deskSetup({ slot }));
    expect(refused(desk, deskSetup({ slot: 4, attempt: 2 }))).to.equal(undefined);
  });

  it(`${MAX_CARRIERS} living slots in a tunnel`, () => {
    const desk = new Desk({ quotas: { ...quotas, parkedPerTunnel: 1000 } });
    for (let slot = 0; slot < MAX_CARRIERS; slot++) expect(refused(desk, deskSetup({ slot }))).to.equal(undefined);
    expect(refused(desk, deskSetup({ slot: MAX_CARRIERS }))).to.contain('living slots');
  });

  it('parked legs of one key in all tunnels', () => {
    const commons = Array.from({ length: 4 }, (_, index) => Buffer.alloc(32, index).toString('base64url'));
    const desk = new Desk({ tunnels: commons.map((common) => tunnelOf({ common })), quotas: { ...quotas, parkedPerKey: 3 } });
    for (const common of commons.slice(0, 3)) expect(refused(desk, deskSetup({ common }))).to.equal(undefined);
    expect(refused(desk, deskSetup({ common: commons[3] as string }))).to.contain('more than 3 parked legs of this end');
  });

  it('32 set-ups at once and 5 a second', () => {
    const desk = new Desk();
    for (let attempt = 1; attempt <= 32; attempt++) expect(refused(desk, deskSetup({ attempt }))).to.equal(undefined);
    expect(refused(desk, deskSetup({ attempt: 33 }))).to.contain('more than 5 set-ups a second');
    desk.now += 1000;
    for (let attempt = 34; attempt <= 38; attempt++) expect(refused(desk, deskSetup({ attempt }))).to.equal(undefined);
    expect(refused(desk, deskSetup({ attempt: 39 }))).to.contain('set-ups a second');
    expect(refused(desk, labSetup())).to.equal(undefined);
  });

  it('for each neighbour by itself: one that plays back what an end once sent takes nothing from the end’s other ways', () => {
    const { routes, ...tunnel } = tunnelOf();
    const over = (neighbour: string) => ({ ...(routes.get(0) as RelayRoute), left: { neighbour, keys: [keyOf(neighbour)], dialed: false } });
    const desk = new Desk({ tunnels: [{ ...tunnel, routes: new Map([[0, over('mallory')], [1, over('south')]]) }] });
    const overheard = deskSetup({ alt: 0 });
    for (let count = 0; count < 100; count++) desk.arrive(overheard, keyOf('mallory'));
    expect(only(desk.arrive(overheard, keyOf('mallory')).actions, 'refused')[0]?.error.code).to.equal('LIMIT');
    expect(only(desk.arrive(deskSetup({ alt: 1, attempt: 2 }), keyOf('south')).actions, 'refused')).to.deep.equal([]);
  });
});
