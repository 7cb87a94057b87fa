/** What a `udp` service says in the chain file. */
import { FormError, hasReference, parseDuration, parseServiceAddress, parseServiceListen, textForm, type ServiceAddress, type TargetAddress } from '@lstp/core';
import { z } from 'zod';

const DEFAULT_IDLE_MS = 60_000;
const LEAST_IDLE_MS = 1000;
/** Flows of one service, unless `flows` says another number. */
const DEFAULT_FLOWS = 1024;
/** Every flow is a channel of the tunnel, which has 16 384 in all. */
const MOST_FLOWS = 16_384;

export const UDP_OPTIONS = z.strictObject({
  listen: textForm((text) => udpAddress(parseServiceListen(text)), { expected: 'host:port or [v6]:port', example: '127.0.0.1:5353' })
    .describe('Where applications send to: `host:port` or `[v6]:port`; port 0 is any free one.'),
  to: textForm((text) => udpAddress(parseServiceAddress(text)), { expected: 'host:port or [v6]:port', example: '10.1.0.1:53' })
    .describe('The real server, as the far end reaches it: `host:port` or `[v6]:port`. A name is resolved there, for every flow anew; its first address is used.'),
  idle: textForm(parseIdle, { expected: 'a span of time', example: '60s or 5m' })
    .default(DEFAULT_IDLE_MS)
    .describe('A client without a datagram in either direction for so long is forgotten: `1s` to `24h`; `60s` unless written.'),
  flows: z
    .int()
    .min(1)
    .max(MOST_FLOWS)
    .default(DEFAULT_FLOWS)
    .describe(`Clients at once; one more puts out the one that has been silent for longest. 1 to ${MOST_FLOWS}.`),
});

export type UdpOptions = z.output<typeof UDP_OPTIONS>;

function udpAddress(address: ServiceAddress): TargetAddress {
  if (address.kind === 'tcp') return address;
  throw new FormError('udp has no Unix sockets; write host:port');
}

/** Not yet known where it is a reference that is not filled in. */
function parseIdle(text: string): number {
  const ms = hasReference(text) ? DEFAULT_IDLE_MS : parseDuration(text);
  if (ms < LEAST_IDLE_MS) throw new FormError(`"${text}" is too short: a server takes its time to answer; write 1s or more`);
  return ms;
}
