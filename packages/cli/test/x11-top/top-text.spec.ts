import { expect } from 'chai';
import type { ChannelStatus, NodeStatus } from '@lstp/core';
import type { X11Report } from '@lstp/plugins';
import { clientRates, type Look } from '../../src/x11-top/client-rates.js';
import { topText } from '../../src/x11-top/top-text.js';

interface Said {
  readonly name?: string;
  readonly title?: string;
  readonly requests?: Readonly<Record<string, number>>;
  readonly bytes?: number;
  readonly trips?: readonly [count: number, meanMs: number];
  readonly state?: X11Report['state'];
  readonly reason?: string;
}

function report({ name, title, requests = {}, bytes = 0, trips = [0, 0], state = 'open', reason }: Said): X11Report {
  return {
    state,
    ...(reason === undefined ? {} : { reason }),
    client: { ...(name === undefined ? {} : { instance: name }), ...(title === undefined ? {} : { title }) },
    windows: { open: 3, mapped: 2, titled: [] },
    bytes: { out: bytes, in: bytes / 2 },
    requests: { total: Object.values(requests).reduce((sum, count) => sum + count, 0), byName: requests },
    events: { total: 0, byName: {} },
    errors: { total: 1, byName: { 'BadWindow of GetProperty': 1 } },
    roundTrips: { count: trips[0], waiting: 0, ...(trips[0] === 0 ? {} : { meanMs: trips[1] }) },
    extensions: [],
  };
}

function look(atMs: number, ...clients: readonly Said[]): Look {
  const channels: ChannelStatus[] = clients.map((client, index) => ({ id: index + 1, service: 'x', state: 'open', role: 'front', bytesIn: 0, bytesOut: 0, ageMs: 0, monitors: { x11: report(client) } }));
  const other: ChannelStatus = { id: 99, service: 'ssh', state: 'open', role: 'front', bytesIn: 0, bytesOut: 0, ageMs: 0 };
  const status = { node: 'desk', version: '0', pid: 1, uptimeMs: 1, listeners: [], tunnels: [{ name: 't', channels: [...channels, other] }] } as unknown as NodeStatus;
  return { status, atMs };
}

const BEFORE = look(1000, { name: 'xterm', title: 'a shell', requests: { ImageText8: 100 }, bytes: 1000, trips: [10, 40] }, { name: 'xeyes' });
const NOW = look(3000, { name: 'xterm', title: 'a shell', requests: { ImageText8: 300, CopyArea: 20 }, bytes: 9000, trips: [14, 50] }, { name: 'xeyes' }, { name: 'new', requests: { CreateWindow: 500 } });

describe('x11-top', () => {
  it('knows what happened between two looks, the busiest first', () => {
    const [first, second, third] = clientRates(BEFORE, NOW);
    expect([first?.report.client.instance, first?.requests]).to.deep.equal(['new', 250]);
    expect(second).to.include({ tunnel: 't', service: 'x', channel: 1, requests: 110, bytesOut: 4000, bytesIn: 2000, roundTrips: 2, roundTripMs: 75 });
    expect(second?.byName).to.deep.equal({ ImageText8: 100, CopyArea: 10 });
    expect(third).to.include({ requests: 0, roundTrips: 0 }).and.not.to.have.property('roundTripMs');
  });

  it('shows the clients of one service, where it is told which', () => {
    expect([clientRates(BEFORE, NOW, 'x'), clientRates(BEFORE, NOW, 't/x'), clientRates(BEFORE, NOW, 'y')].map(({ length }) => length)).to.deep.equal([3, 3, 0]);
  });

  it('is a line for each client', () => {
    expect(topText({ head: 'desk' }, clientRates(BEFORE, NOW), { width: 120 })).to.equal(
      [
        'desk',
        '3 clients, 360 requests/s, 3.9 KiB/s out, 2.0 KiB/s in, CreateWindow 250, ImageText8 100, CopyArea 10',
        '',
        'CLIENT  CH  WIN  REQ/S    OUT/S     IN/S     ROUND TRIP  ERR  TITLE    BUSY WITH',
        'new      3  2/3    250      0 B      0 B              -    1           CreateWindow 250',
        'xterm    1  2/3    110  3.9 KiB  2.0 KiB  2.0/s 75.0 ms    1  a shell  ImageText8 100, CopyArea 10',
        'xeyes    2  2/3      0      0 B      0 B              -    1',
        '',
      ].join('\n'),
    );
  });

  it('says of a client what is wrong with it', () => {
    const now = look(1000, { state: 'lost', reason: 'no X protocol' }, { state: 'refused', reason: 'No protocol specified' }, { state: 'set-up' });
    const text = topText({ head: 'desk' }, clientRates(now, now), { width: 120 });
    expect(text).to.match(/^\? .*cannot be followed: no X protocol/m).and.to.match(/refused: No protocol specified/).and.to.match(/the server has not answered yet/);
  });

  it('fits any terminal', () => {
    for (const width of [20, 40, 60, 80, 100, 132, 200]) {
      for (const height of [5, 7, 24]) {
        const lines = topText({ head: 'lstp x11 top: desk, 12:00:00, over 1 s' }, clientRates(BEFORE, NOW), { width, height }).split('\n');
        expect(lines.length, 'with the last line feed').to.be.at.most(Math.max(height, 7));
        expect(Math.max(...lines.map(({ length }) => length)), `${width} columns`).to.be.at.most(width);
      }
    }
    expect(topText({ head: 'desk' }, clientRates(BEFORE, NOW), { width: 80, height: 8 })).to.match(/^and 1 more$/m);
  });

  it('says so where there is no client', () => {
    expect(topText({ head: 'desk' }, [], { width: 80 })).to.equal('desk\nno X clients\n');
  });
});
