/** No speed: whether somebody between the ends can read what passes. Run before anything is compared. */
import { haproxy } from '../adapters/haproxy.js';
import { lstp } from '../adapters/lstp.js';
import { opensshJump } from '../adapters/openssh-jump.js';
import { stunnelChain } from '../adapters/stunnel-chain.js';
import type { Adapter } from '../adapters/adapter.js';
import { Scope } from '../process/scope.js';
import { startTap, type Tap } from '../traffic/tap.js';
import { startTraffic, type Traffic } from '../traffic/traffic.js';
import { runFor, startChain, type Bench, type Figure } from './figure.js';
import { finishTransfer } from './transfer.js';

/** haproxy is the control: with it the tap must see the marker, or it sees nothing anywhere. */
export const encryption: Figure = {
  name: 'encryption',
  adapters: [lstp, stunnelChain, opensshJump, haproxy],
  async run(bench) {
    for (const adapter of bench.adapters) await Scope.with((scope) => checkAdapter(bench, scope, adapter));
  },
};

async function checkAdapter(bench: Bench, scope: Scope, adapter: Adapter): Promise<void> {
  const traffic = await startTraffic(scope);
  const taps: Tap[] = [];
  const tapped = async (port: number): Promise<number> => {
    const tap = await startTap(scope, port);
    taps.push(tap);
    return tap.port;
  };
  const chain = await startChain(adapter, { scope, target: traffic.target, hop: tapped });
  const bytes = await transferBothWays(traffic, chain);
  const seen = taps.reduce((sum, tap) => sum + tap.bytes(), 0);
  if (seen < bytes) throw new Error(`${adapter.name}: ${bytes} bytes passed, but only ${seen} of them on the way to the relay`);
  const readable = taps.some((tap) => tap.sawMarker());
  if (readable === adapter.encrypted) throw new Error(`${adapter.name}: the relay ${readable ? 'can read what passes' : 'should have seen plain text, so the check itself fails'}`);
  bench.say(`  ${adapter.name}: ${seen} bytes tapped, ${readable ? 'readable, as expected of the control' : 'nothing readable'}`);
}

/** Gives how many bytes of pattern went through. */
async function transferBothWays(traffic: Traffic, chain: Parameters<typeof finishTransfer>[1]): Promise<number> {
  let bytes = 0;
  for (const direction of ['up', 'down'] as const) {
    const receiver = direction === 'up' ? traffic.server : traffic.client;
    await traffic.client.call('startBulk', { port: chain.entrance, streams: 2, direction });
    await runFor(0.2);
    bytes += (await receiver.call('mark', {})).bytes;
    await finishTransfer(traffic, chain, direction);
  }
  return bytes;
}
