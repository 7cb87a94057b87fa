/** The protocol alone, two ends of it joined in memory: what it costs a byte, an opened channel, an idle channel. */
import { FULL_DATA_BYTES } from '@lstp/core';
import { JoinedTunnels } from '../memory/joined-tunnels.js';
import type { Bench, Figure } from './figure.js';

const IDLE_CHANNELS = 8000;

export const state: Figure = {
  name: 'state',
  adapters: [],
  async run(bench) {
    const seconds = bench.quick ? 0.2 : 1;
    for (let round = -1; round < bench.rounds; round += 1) {
      const figures = { 'bulk, 1 channel': bulkRate(seconds, 1), 'bulk, 8 channels': bulkRate(seconds, 8) };
      const opened = openRate(seconds);
      if (round < 0) continue; // the first only warms up the compiler
      for (const [name, rate] of Object.entries(figures)) add(bench, name, 'Gbit/s', (rate * 8) / 1e9);
      add(bench, 'channels opened and closed', '1/s', opened);
    }
    add(bench, 'an idle channel, both ends', 'KiB', idleBytes() / 1024);
  },
};

function add({ results }: Bench, name: string, unit: string, value: number): void {
  results.add({ figure: 'state', case: name, subject: 'lstp', unit }, value);
}

/** Bytes a second from one end to the other. */
function bulkRate(seconds: number, channels: number): number {
  const tunnels = new JoinedTunnels(1000);
  for (let count = 0; count < channels; count += 1) tunnels.open();
  const started = performance.now();
  while (performance.now() - started < seconds * 1000) {
    tunnels.write(FULL_DATA_BYTES);
    tunnels.run();
  }
  return tunnels.arrived / ((performance.now() - started) / 1000);
}

/** Channels a second that are opened, carry a byte and end in order. */
function openRate(seconds: number): number {
  const tunnels = new JoinedTunnels(1000);
  const started = performance.now();
  let opened = 0;
  for (; performance.now() - started < seconds * 1000; opened += 1) {
    const channel = tunnels.open();
    tunnels.write(1);
    tunnels.finish(channel);
    tunnels.run();
  }
  return opened / ((performance.now() - started) / 1000);
}

/** Heap and buffers of both ends, for one idle channel that has carried a byte. */
function idleBytes(): number {
  const tunnels = new JoinedTunnels(2 * IDLE_CHANNELS);
  const before = usedBytes();
  for (let count = 0; count < IDLE_CHANNELS; count += 1) tunnels.open();
  tunnels.write(1);
  tunnels.run();
  const bytes = usedBytes() - before;
  tunnels.write(1); // keeps them alive until here
  return bytes / IDLE_CHANNELS;
}

function usedBytes(): number {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
