/** Dials along an egress, as a node does. */
import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { CLOCK, DialError, generateIdentity, IDENTITY, LOGGER, parseProxyUrl, type EgressPath, type LegAddress, type PublicKey } from '@lstp/core';
import { createLogger } from '@lstp/core/observe';
import { bundledPlugins } from '@lstp/plugins';
import { container } from 'tsyringe';
import { EgressDialer, type EgressDialerOptions } from '../../src/egress-dialer.js';
import { LegRoles } from '../../src/leg-roles.js';
import { GREETING } from './greeting-server.js';

export async function makeDialer(options: Partial<EgressDialerOptions> = {}): Promise<EgressDialer> {
  const own = container.createChildContainer();
  own.registerInstance(LOGGER, await createLogger({ level: 'silent' }));
  own.registerInstance(CLOCK, { now: () => performance.now() });
  own.registerInstance(IDENTITY, generateIdentity());
  return new EgressDialer({ roles: new LegRoles(bundledPlugins, own), ...options });
}

export function through(...proxies: readonly string[]): EgressPath {
  return { through: proxies.map(parseProxyUrl) };
}

export interface DialOptions {
  readonly address?: Partial<LegAddress>;
  readonly signal?: AbortSignal;
  readonly keys?: readonly PublicKey[];
}

/** To a port of this machine by its name, which the proxy resolves. */
export async function dialPort(dialer: EgressDialer, port: number, path: EgressPath, { address = {}, signal = new AbortController().signal, keys = [] }: DialOptions = {}): Promise<Duplex> {
  const { stream } = await dialer.dial({ neighbour: 'west', address: { scheme: 'tcp', host: 'localhost', port, ...address }, path, keys }, signal);
  return stream;
}

/** The error of a dial that must fail. */
export async function refusalOf(dialing: Promise<Duplex>): Promise<DialError> {
  const outcome = await dialing.then((stream) => {
    stream.destroy();
    return undefined;
  }, (error: unknown) => error);
  if (outcome instanceof DialError) return outcome;
  throw new Error('the dial did not fail as it should', { cause: outcome });
}

/** Whether the server's greeting came first and whole, and `length` bytes come back. Ends the stream. */
export async function carries(stream: Duplex, length = 300_000): Promise<boolean> {
  const sent = randomBytes(length);
  const expected = Buffer.concat([GREETING, sent]);
  const chunks: Buffer[] = [];
  let received = 0;
  stream.write(sent);
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    received += chunk.length;
    if (received >= expected.length) break;
  }
  stream.destroy();
  return Buffer.concat(chunks).equals(expected);
}
