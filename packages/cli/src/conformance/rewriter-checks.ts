/** What a rewriter must do: the same change however the bytes come, and an end where they end. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import type { ChannelFacts, PluginDefinition, Rewriter, Rewriting } from '@lstp/core/plugin';
import { pieces, readAll, sampleBytes } from './bytes.js';
import { checksOf, within, type Check } from './check.js';
import { lifecycleChecks } from './lifecycle-checks.js';
import { asEntry, makeRole, optionsAt } from './make-role.js';
import type { Place, PluginSample } from './sample.js';

const FACTS: readonly ChannelFacts[] = [
  { id: '1', kind: 'stream', role: 'front', source: '127.0.0.1:40000' },
  { id: '2', kind: 'stream', role: 'back', target: 'intranet.acme:80' },
];

const INPUTS: readonly Buffer[] = [Buffer.alloc(0), Buffer.from('some text, and more text\r\n'.repeat(200)), sampleBytes(50_000)];

export function conformsAsRewriter(definition: PluginDefinition, given: PluginSample = {}): Check[] {
  const { plugin, sample } = asEntry('rewriter', definition, given);
  /** Both directions of channels of each kind, made anew for every `use`. */
  const directions = (use: (make: () => Duplex | undefined) => Promise<void>) => async (place: Place) => {
    const rewriter: Rewriter = await makeRole('rewriter', plugin, { options: optionsAt(sample, place), folder: place.folder });
    await rewriter.start?.();
    for (const facts of FACTS) {
      for (const direction of ['outgoing', 'incoming'] as const) await use(() => one(rewriter.rewrite(facts), direction));
    }
    await within('stop()', Promise.resolve(rewriter.stop?.()));
  };
  return [
    ...lifecycleChecks('rewriter', 'rewriter', plugin, sample),
    ...checksOf('rewriter', {
      'changes bytes alike, in any chunking, and ends when they do': directions(async (make) => {
        for (const input of INPUTS) {
          const whole = await outcome(make(), [input]);
          const parts = await outcome(make(), pieces(input, 700, 'rewriter'));
          assert.equal(parts, whole, `the same ${input.length} bytes in other pieces came out different`);
        }
      }),
      'stops taking bytes that nobody reads': directions(async (make) => {
        const stream = make();
        let taken = stream !== undefined;
        for (let count = 0; taken && count < 1000; count += 1) taken = stream?.write(sampleBytes(65_536)) ?? false;
        assert.equal(taken, false, 'write() never gave false: a slow reader fills the memory of the node');
        await drop(stream);
      }),
      'leaves nothing when it is destroyed in the middle': directions(async (make) => {
        const stream = make();
        stream?.write(sampleBytes(10_000));
        await drop(stream);
      }),
    }),
  ];
}

/** Of one direction; the other one is dropped, as its host does at the end. */
function one(rewriting: Rewriting | undefined, direction: 'outgoing' | 'incoming'): Duplex | undefined {
  const other = rewriting?.[direction === 'outgoing' ? 'incoming' : 'outgoing'];
  other?.on('error', () => {}).destroy();
  return rewriting?.[direction];
}

/** What came out, in hex; or that it failed. */
async function outcome(stream: Duplex | undefined, chunks: readonly Buffer[]): Promise<string> {
  if (stream === undefined) return 'left alone';
  const output = readAll(stream).then((bytes) => bytes.toString('hex'), () => 'failed');
  for (const chunk of chunks) {
    if (!stream.write(chunk)) await Promise.race([once(stream, 'drain').catch(() => {}), output]);
    // One that fails says so in its output.
    if (stream.destroyed) break;
  }
  stream.end();
  return within('the end of its input is the end of its output', output);
}

async function drop(stream: Duplex | undefined): Promise<void> {
  if (stream === undefined || stream.closed) return;
  const closed = once(stream.on('error', () => {}), 'close');
  stream.destroy();
  await within('destroy() closes it', closed);
}
