/** What a monitor must do: see, and change nothing. */
import assert from 'node:assert/strict';
import type { ChannelFacts, ChannelWatch, Monitor, PluginDefinition } from '@lstp/core/plugin';
import { sampleBytes } from './bytes.js';
import { checksOf, within, type Check } from './check.js';
import { expectEchoThrough } from './echo-through.js';
import { lifecycleChecks } from './lifecycle-checks.js';
import { asEntry, makeRole, optionsAt } from './make-role.js';
import type { Place, PluginSample } from './sample.js';

const FACTS: readonly ChannelFacts[] = [
  { id: '1', kind: 'stream', role: 'front', source: '127.0.0.1:40000' },
  { id: '2', kind: 'stream', role: 'back', target: 'intranet.acme:80' },
  { id: '3', kind: 'datagram', role: 'front' },
  { id: '4', kind: 'datagram', role: 'back', target: '[2001:db8::1]:53' },
];

export function conformsAsMonitor(definition: PluginDefinition, given: PluginSample = {}): Check[] {
  const { plugin, sample } = asEntry('monitor', definition, given);
  const watching = (use: (monitor: Monitor) => Promise<void> | void) => async (place: Place) => {
    const monitor = await makeRole('monitor', plugin, { options: optionsAt(sample, place), folder: place.folder });
    await monitor.start?.();
    try {
      await use(monitor);
    } finally {
      await within('stop()', Promise.resolve(monitor.stop?.()));
    }
  };
  return [
    ...lifecycleChecks('monitor', 'monitor', plugin, sample),
    ...checksOf('monitor', {
      'sees channels of every kind, and changes no byte of them': watching((monitor) => {
        for (const facts of FACTS) {
          const watch = monitor.watch(facts);
          for (const size of [0, 1, 1500, 65_536]) expectUnchanged(watch, sampleBytes(size, facts.id));
          watch?.closed?.('done');
        }
      }),
      'keeps no view of what it was shown': watching((monitor) => {
        const watch = monitor.watch(FACTS[0] as ChannelFacts);
        const bytes = sampleBytes(4096);
        watch?.outgoing?.(bytes);
        // As the host does with its buffers; a monitor that still looks at them sees other bytes.
        bytes.fill(0xaa);
        watch?.incoming?.(bytes);
        watch?.closed?.('reset');
      }),
      'may be stopped while channels are open': watching((monitor) => {
        const watch = monitor.watch(FACTS[0] as ChannelFacts);
        watch?.outgoing?.(sampleBytes(100));
      }),
      'takes a thousand channels, one after the other and at once': watching((monitor) => {
        const watches = Array.from({ length: 1000 }, (_, index) => monitor.watch({ id: String(index), kind: 'stream', role: 'front' }));
        for (const watch of watches) watch?.outgoing?.(Buffer.from('x'));
        for (const watch of watches) watch?.closed?.('done');
      }),
      'watches a channel of a real tunnel, at both its ends': (place) => expectTunnel(definition, sample, place),
    }),
  ];
}

function expectUnchanged(watch: ChannelWatch | undefined, bytes: Buffer): void {
  const before = Buffer.from(bytes);
  watch?.outgoing?.(bytes);
  watch?.incoming?.(bytes);
  assert.ok(bytes.equals(before), 'it changed the bytes that it was shown');
}

async function expectTunnel(plugin: PluginDefinition, sample: PluginSample, place: Place): Promise<void> {
  const entry = (at: string): object => ({ plugin: plugin.name, at, ...optionsAt(sample, place) });
  await expectEchoThrough(plugin, place, { monitors: [entry('desk'), entry('lab')] });
}
