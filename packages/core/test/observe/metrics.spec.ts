import { expect } from 'chai';
import type { NodeStatus } from '../../src/node/running-node.js';
import { createMetrics } from '../../src/observe/index.js';

const STATUS: NodeStatus = {
  node: 'desk',
  version: '1.2.3',
  pid: 1,
  uptimeMs: 1500,
  listeners: [],
  tunnels: [
    {
      name: 'acme',
      state: 'established',
      carriers: [{ id: 'c', slot: 0, route: 'desk > lab', rttMs: 12.5, sinceMs: 1, map: [] }],
      channels: [{ id: 1, service: 'web', state: 'open', role: 'front', bytesIn: 1, bytesOut: 2, ageMs: 3 }],
      services: [
        { name: 'web', plugin: 'forward', role: 'front', addresses: [] },
        { name: 'ssh', plugin: 'forward', role: 'front', addresses: [], error: 'address in use' },
      ],
      retainedBytes: 4321,
      totals: { carriers: 2, channels: 9, bytesIn: 100, bytesOut: 200 },
    },
  ],
  relay: { parked: 1, waiting: 0, paired: 2, standby: 0, links: 3, bytes: 4096, legs: [] },
};

describe('observe/metrics', () => {
  it('shows the node as of now, in base units', async () => {
    let status = STATUS;
    const metrics = await createMetrics(() => status);
    const text = await metrics.text();
    for (const line of [
      'lstp_build_info{version="1.2.3"} 1',
      'lstp_uptime_seconds 1.5',
      'lstp_tunnel_up{tunnel="acme"} 1',
      'lstp_tunnel_channels{tunnel="acme",service="web"} 1',
      'lstp_tunnel_channels{tunnel="acme",service="ssh"} 0',
      'lstp_carrier_round_trip_seconds{tunnel="acme",slot="0"} 0.0125',
      'lstp_service_up{tunnel="acme",service="ssh",role="front"} 0',
      'lstp_tunnel_retained_bytes{tunnel="acme"} 4321',
      'lstp_tunnel_sent_bytes_total{tunnel="acme"} 100',
      'lstp_tunnel_received_bytes_total{tunnel="acme"} 200',
      'lstp_relay_legs{state="paired"} 2',
      'lstp_relay_bytes_total 4096',
    ]) {
      expect(text.split('\n')).to.include(line);
    }
    status = { ...STATUS, tunnels: [] };
    expect(await metrics.text()).not.to.contain('tunnel="acme"');
  });

  it('keeps the metrics of two nodes in one process apart', async () => {
    const one = await createMetrics(() => STATUS);
    const other = await createMetrics(() => ({ ...STATUS, tunnels: [] }));
    expect(await other.text()).not.to.contain('acme');
    expect(await one.text()).to.contain('acme');
  });

  it('follows the naming of Prometheus: help and type for each, _total for counters only', async () => {
    const text = await (await createMetrics(() => STATUS)).text();
    for (const [, name, type] of text.matchAll(/^# TYPE (\S+) (\S+)$/gm)) {
      expect(name?.endsWith('_total'), name).to.equal(type === 'counter');
      expect(text).to.match(new RegExp(`^# HELP ${name} .+\\.$`, 'm'));
      expect(name).to.match(/^(lstp|process)_[a-z_]+$/);
    }
  });
});
