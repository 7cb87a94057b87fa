/** Datagrams through the chain: which share is lost at which rate, and the highest rate with hardly any loss. */
import { setTimeout as pause } from 'node:timers/promises';
import { lstpUdp } from '../adapters/lstp-udp.js';
import { noHop } from '../adapters/adapter.js';
import { Scope } from '../process/scope.js';
import { startTraffic, type Traffic } from '../traffic/traffic.js';
import { startChain, type Bench, type Figure, type RunningChain } from './figure.js';

const BYTES = 1024;
const RATES = [5000, 10_000, 20_000, 30_000, 40_000, 50_000, 60_000];
/** Percent. */
const HARDLY_ANY = 0.1;
/** What is still under way when the last one was sent. */
const SETTLING_MS = 300;

export const udp: Figure = {
  name: 'udp',
  adapters: [lstpUdp],
  run: (bench) =>
    Scope.with(async (scope) => {
      const [adapter] = bench.adapters;
      if (adapter === undefined) return;
      const traffic = await startTraffic(scope);
      const target = await traffic.server.call('listenDatagrams', {});
      const chain = await startChain(adapter, { scope, target, hop: noHop });
      // Nodes are warm when they are measured.
      await lossAt(traffic, chain, { rate: 10_000, seconds: bench.quick ? 0.5 : 3 });
      for (let round = 0; round < bench.rounds; round += 1) await takeRound(bench, traffic, chain);
    }),
};

async function takeRound(bench: Bench, traffic: Traffic, chain: RunningChain): Promise<void> {
  const add = (name: string, unit: string, value: number): void => bench.results.add({ figure: 'udp', case: name, subject: chain.name, unit }, value);
  let knee = 0;
  let isBeyond = false;
  for (const rate of RATES) {
    const { percent, sentASecond } = await lossAt(traffic, chain, { rate, seconds: bench.quick ? 0.5 : 3 });
    add(`lost of ${spaced(rate)}/s of 1 KiB`, '%', percent);
    isBeyond ||= percent >= HARDLY_ANY;
    if (!isBeyond) knee = sentASecond;
  }
  add('most with less than 0.1 % lost', '1/s', knee);
}

async function lossAt(traffic: Traffic, { entrance }: RunningChain, { rate, seconds }: { readonly rate: number; readonly seconds: number }): Promise<{ percent: number; sentASecond: number }> {
  const sent = await traffic.client.call('sendDatagrams', { port: entrance, rate, seconds, bytes: BYTES });
  await pause(SETTLING_MS);
  const arrived = await traffic.server.call('countDatagrams', {});
  return { percent: ((sent - arrived) / sent) * 100, sentASecond: sent / seconds };
}

/** `20 000` */
function spaced(rate: number): string {
  return rate >= 10_000 ? `${Math.floor(rate / 1000)} ${String(rate % 1000).padStart(3, '0')}` : String(rate);
}
