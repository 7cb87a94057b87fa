import { expect } from 'chai';
import type { ChannelStatus, NodeStatus } from '@lstp/core';
import { bytes, duration, roundTrip } from '../../src/text/quantity.js';
import { statusText } from '../../src/text/status-text.js';

const NODE: NodeStatus = { node: 'desk', version: '1.0.0', pid: 42, uptimeMs: 61_000, listeners: ['127.0.0.1:7070'], tunnels: [] };

describe('text/status', () => {
  it('shows tunnels with what they wait for', () => {
    const tunnel = { name: 'acme', carriers: [], channels: [], services: [] };
    const text = statusText({ ...NODE, tunnels: [{ ...tunnel, state: 'connecting', progress: 'waiting for lab at east' }] });
    expect(text).to.equal('desk: lstp 1.0.0, process 42, up 1 min\nlistening on 127.0.0.1:7070\n\ntunnel acme: connecting, waiting for lab at east\n');
  });

  it('shows how long a tunnel is down, and how much longer its connections are kept', () => {
    const channel = { id: 1, service: 'web', state: 'open', role: 'front', bytesIn: 0, bytesOut: 0, ageMs: 999 } as const;
    const tunnel = { name: 'acme', state: 'interrupted', progress: 'waiting for lab at east', interruption: { forMs: 12_345, keptMs: 240_999 }, carriers: [], services: [] } as const;
    const lines = (channels: readonly ChannelStatus[]): string[] => (statusText({ ...NODE, tunnels: [{ ...tunnel, channels }] }).split('\n\n')[1] as string).split('\n');
    expect(lines([channel]).slice(0, 2)).to.deep.equal(['tunnel acme: interrupted for 12 s, waiting for lab at east', '  connections are kept for 4 min more']);
    expect(lines([])).to.deep.equal(['tunnel acme: interrupted for 12 s, waiting for lab at east', '']);
  });

  it('shows ways out that are not straight, and those that fail', () => {
    const ways = [
      { neighbour: 'west', state: 'open', address: 'west.example:7070', through: ['socks5://fw.globex:1080', 'http://dmz.globex:3128'], forMs: 61_000 },
      { neighbour: 'south', state: 'open', address: 'wss://south.example:443/lstp', through: [], forMs: 1000 },
      { neighbour: 'east', state: 'open', address: 'east.example:7070', through: [], forMs: 1000 },
      { neighbour: 'north', state: 'failed', address: 'north.example:7070', through: [], forMs: 7200_000, code: 'ECONNREFUSED', message: 'north.example:7070: connect ECONNREFUSED' },
    ] as const;
    expect(statusText({ ...NODE, ways }).split('\n\n')[1]).to.equal(`ways out
  west   west.example:7070 through socks5://fw.globex:1080 through http://dmz.globex:3128  for 1 min
  south  wss://south.example:443/lstp                                                      for 1 s
  north  failed: north.example:7070: connect ECONNREFUSED                                  for 2 h
`);
  });

  it('shows carriers with their map, services with their channels, channels in columns', () => {
    const map = [
      { node: 'desk', kind: 'end', verified: true },
      { node: 'west', kind: 'middle', address: '127.0.0.1:7070', verified: true },
      { node: 'spare', kind: 'middle', verified: false },
    ] as const;
    const text = statusText({
      ...NODE,
      tunnels: [
        {
          name: 'acme',
          state: 'established',
          progress: 'stale',
          carriers: [{ id: '0123456789abcdef', slot: 0, route: 'desk > west < lab', rttMs: 12.34, sinceMs: 7200_000, map }],
          services: [
            { name: 'web', plugin: 'forward', role: 'front', addresses: ['127.0.0.1:8080'] },
            { name: 'mail', plugin: 'forward', role: 'back', addresses: [], error: 'no such file' },
          ],
          channels: [{ id: 1, service: 'web', state: 'open', role: 'front', source: '127.0.0.1:5', bytesIn: 1536, bytesOut: 10, ageMs: 999 }],
        },
      ],
    });
    expect(text).to.equal(`desk: lstp 1.0.0, process 42, up 1 min
listening on 127.0.0.1:7070

tunnel acme: established
  carrier 0: desk > west < lab, round trip 12.3 ms, for 2 h (01234567)
    desk   end                     verified
    west   middle  127.0.0.1:7070  verified
    spare  middle                  claimed
  services
    web   forward  applications here  1 open  127.0.0.1:8080
    mail  forward  server here        0 open  failed: no such file
  channels
    1  web  open  1.5 KiB in  10 B out  999 ms  from 127.0.0.1:5
`);
  });

  it('shows what plugins count, what a codec saved, and what was dropped', () => {
    const text = statusText({
      ...NODE,
      tunnels: [
        {
          name: 'acme',
          state: 'established',
          carriers: [],
          services: [
            { name: 'dns', plugin: 'udp', role: 'front', addresses: ['127.0.0.1:53'], counts: { 'flows': 2, 'flows idle': 0, 'datagrams in': 7 } },
            { name: 'x', plugin: 'forward', role: 'back', addresses: [], codec: { name: 'zlib', plainOut: 2048, plainIn: 2048, codedOut: 512, codedIn: 512 } },
            { name: 'y', plugin: 'forward', role: 'back', addresses: [], codec: { name: 'zlib', plainOut: 0, plainIn: 0, codedOut: 0, codedIn: 0 } },
          ],
          channels: [{ id: 1, service: 'dns', kind: 'datagram', dropped: 3, state: 'open', role: 'front', source: '127.0.0.1:5', bytesIn: 0, bytesOut: 0, ageMs: 0 }],
        },
      ],
    });
    expect(text).to.contain(`
    dns  udp      applications here  1 open  127.0.0.1:53; 2 flows, 7 datagrams in
    x    forward  server here        0 open  zlib: 4.0 KiB as 1.0 KiB
    y    forward  server here        0 open  zlib
`);
    expect(text).to.contain('from 127.0.0.1:5 3 dropped\n');
  });

  it('shows what a middle relays', () => {
    const legs = [{ tunnel: null, side: 'left', from: 'desk', state: 'parked', ageMs: 5000 }] as const;
    const text = statusText({ ...NODE, relay: { parked: 1, waiting: 0, paired: 2, standby: 0, links: 1, bytes: 3 * 1024 ** 3, legs } });
    expect(text).to.contain('relay: 2 paired, 0 waiting, 1 parked, 0 standby, 1 links, 3.0 GiB passed\n  -  left  desk  parked  5 s\n');
  });

  it('writes quantities in units that people know', () => {
    expect([0, 999, 1000, 61_000, 7_300_000, 90_000_000].map(duration)).to.deep.equal(['0 ms', '999 ms', '1 s', '1 min', '2 h', '1 d']);
    expect([0, 1023, 1024, 153_600, 1024 ** 3].map(bytes)).to.deep.equal(['0 B', '1023 B', '1.0 KiB', '150 KiB', '1.0 GiB']);
    expect([null, 0.42, 123.4].map(roundTrip)).to.deep.equal(['-', '0.4 ms', '123 ms']);
  });
});
