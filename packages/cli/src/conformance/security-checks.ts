/** What a security plugin must do: secure against the pinned key and no other. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { generateIdentity, type NodeIdentity } from '@lstp/core/security';
import { socketPair } from '@lstp/core/testing';
import type { PluginDefinition, PublicKey, SecuredCarrier } from '@lstp/core/plugin';
import { readAll, sampleBytes } from './bytes.js';
import { checksOf, within, type Check } from './check.js';
import { lifecycleChecks } from './lifecycle-checks.js';
import { makeRole, optionsAt } from './make-role.js';
import type { Place, PluginSample } from './sample.js';

const LABEL = 'EXPORTER-conformance';
const TIMEOUT_MS = 5000;

export function conformsAsSecurity(plugin: PluginDefinition, sample: PluginSample = {}): Check[] {
  const secure = async (place: Place, identity: NodeIdentity, { socket, pin, master }: { readonly socket: Socket; readonly pin: PublicKey; readonly master: boolean }, timeoutMs = TIMEOUT_MS): Promise<SecuredCarrier> => {
    const one = await makeRole('security', plugin, { options: optionsAt(sample, place), folder: place.folder, identity });
    return one.secure({ socket, pin, master, timeoutMs });
  };
  return [
    ...lifecycleChecks('security', 'security', plugin, sample),
    ...checksOf('security', {
      'secures a line between two that pin each other': async (place) => {
        const [left, right] = [generateIdentity(), generateIdentity()];
        const [one, other] = await socketPair();
        const [first, second] = await within('the handshake', Promise.all([
          secure(place, left, { socket: one, pin: right.publicKey, master: true }),
          secure(place, right, { socket: other, pin: left.publicKey, master: false }),
        ]));
        assert.ok(first.exporter(LABEL).equals(second.exporter(LABEL)), 'the two sides export different keys');
        assert.equal(first.exporter(LABEL).length, 32);
        const bytes = sampleBytes(300_000);
        first.stream.end(bytes);
        second.stream.end();
        assert.ok((await within('bytes arrive, and their end', readAll(second.stream))).equals(bytes));
        first.stream.destroy();
        second.stream.destroy();
      },
      'refuses a peer that proves another key, and closes the line': async (place) => {
        const [left, right, other] = [generateIdentity(), generateIdentity(), generateIdentity()];
        for (const [pinOfLeft, pinOfRight] of [[other.publicKey, left.publicKey], [right.publicKey, other.publicKey]] as const) {
          const [one, two] = await socketPair();
          const outcomes = await within('both sides settle', Promise.allSettled([
            secure(place, left, { socket: one, pin: pinOfLeft, master: true }),
            secure(place, right, { socket: two, pin: pinOfRight, master: false }),
          ]));
          const deceived = outcomes[pinOfLeft === other.publicKey ? 0 : 1];
          assert.equal(deceived?.status, 'rejected', 'it took another key for the pinned one');
          for (const outcome of outcomes) if (outcome.status === 'fulfilled') outcome.value.stream.on('error', () => {}).destroy();
          await closed(one, two);
        }
      },
      'gives up a peer that is silent, or talks nonsense': async (place) => {
        for (const say of [() => {}, (peer: Socket) => peer.write(sampleBytes(5000)), (peer: Socket) => peer.end()]) {
          const [one, peer] = await socketPair();
          peer.on('error', () => {}).resume();
          say(peer);
          const pin = generateIdentity().publicKey;
          await assert.rejects(within('it gives up', secure(place, generateIdentity(), { socket: one, pin, master: false }, 300)));
          peer.destroy();
          await closed(one, peer);
        }
      },
    }),
  ];
}

async function closed(...sockets: readonly Socket[]): Promise<void> {
  for (const socket of sockets) if (!socket.closed) await within('the line is closed', once(socket.on('error', () => {}).resume().end(), 'close'));
}
