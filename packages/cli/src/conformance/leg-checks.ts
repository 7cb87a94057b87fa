/** What a plugin that carries legs must do: hand on a stream, or give it up with its reason. */
import assert from 'node:assert/strict';
import type { Duplex } from 'node:stream';
import { generateIdentity } from '@lstp/core/security';
import { socketPair, until } from '@lstp/core/testing';
import type { LegDialRequest, PluginDefinition } from '@lstp/core/plugin';
import { readAll, sampleBytes } from './bytes.js';
import { checksOf, within, type Check } from './check.js';
import { lifecycleChecks } from './lifecycle-checks.js';
import { makeRole, optionsAt } from './make-role.js';
import type { Place, PluginSample } from './sample.js';

type Handshake = (stream: Duplex, request: LegDialRequest) => Promise<Duplex>;

export function conformsAsLegDialer(plugin: PluginDefinition, sample: PluginSample = {}): Check[] {
  const dial = async (place: Place): Promise<Handshake> => {
    const one = await makeRole('legDialer', plugin, { options: optionsAt(sample, place), folder: place.folder });
    return (stream, request) => one.dial(stream, request);
  };
  const together: Readonly<Record<string, (place: Place) => Promise<void>>> = plugin.legListener === undefined ? {} : { 'carries bytes to its own listener, and a half-close': (place: Place) => expectCarried(plugin, sample, place) };
  return [...lifecycleChecks('leg dialer', 'legDialer', plugin, sample), ...checksOf('leg dialer', { ...givingUp(plugin, dial), ...together })];
}

export function conformsAsLegListener(plugin: PluginDefinition, sample: PluginSample = {}): Check[] {
  const accept = async (place: Place): Promise<Handshake> => {
    const one = await makeRole('legListener', plugin, { options: optionsAt(sample, place), folder: place.folder });
    return (stream, request) => one.accept(stream, request);
  };
  return [...lifecycleChecks('leg listener', 'legListener', plugin, sample), ...checksOf('leg listener', givingUp(plugin, accept))];
}

/** Whoever is at the other side does not speak its protocol. */
function givingUp(plugin: PluginDefinition, make: (place: Place) => Promise<Handshake>): Readonly<Record<string, (place: Place) => Promise<void>>> {
  const expectGivenUp = (say: (peer: Duplex, abort: AbortController) => void) => async (place: Place): Promise<void> => {
    const handshake = await make(place);
    const [stream, peer] = await socketPair();
    peer.on('error', () => {}).resume();
    const abort = new AbortController();
    const outcome = handshake(stream, requestOf(plugin, abort.signal)).then((made) => made, (error: unknown) => error);
    say(peer, abort);
    const error = await within('it gives up', outcome);
    assert.ok(error instanceof Error && error.message !== '', 'it rejects, with an Error that says why');
    await until('the stream that it owned is destroyed', () => stream.destroyed);
    peer.destroy();
  };
  return {
    'gives up when its signal aborts': expectGivenUp((_peer, abort) => abort.abort()),
    'gives up a peer that leaves': expectGivenUp((peer) => peer.end()),
    'gives up a peer that talks nonsense': expectGivenUp((peer) => peer.end(sampleBytes(70_000))),
  };
}

async function expectCarried(plugin: PluginDefinition, sample: PluginSample, place: Place): Promise<void> {
  const identity = generateIdentity();
  const given = { options: optionsAt(sample, place), folder: place.folder, identity };
  const [dialer, listener] = [await makeRole('legDialer', plugin, given), await makeRole('legListener', plugin, given)];
  const [one, other] = await socketPair();
  const request = { ...requestOf(plugin, new AbortController().signal), pins: [identity.publicKey] };
  const [dialed, accepted] = await within('the handshake', Promise.all([dialer.dial(one, request), listener.accept(other, request)]));
  const bytes = sampleBytes(300_000);
  dialed.end(bytes);
  assert.ok((await within('bytes arrive, and their end', readAll(accepted))).equals(bytes), 'other bytes arrived');
  accepted.end(bytes);
  assert.ok((await within('the other direction goes on', readAll(dialed))).equals(bytes), 'other bytes arrived');
  dialed.destroy();
  accepted.destroy();
}

function requestOf({ schemes = [] }: PluginDefinition, signal: AbortSignal): LegDialRequest {
  return { address: { scheme: schemes[0] ?? '', host: '127.0.0.1', port: 9 } as LegDialRequest['address'], target: { host: 'west.example', port: 7070 }, signal };
}
