/** What X clients did between two looks at a node. */
import type { ChannelStatus, NodeStatus } from '@lstp/core';
import type { X11Report } from '@lstp/plugins';

export interface Look {
  readonly status: NodeStatus;
  /** When, in milliseconds that never go back. */
  readonly atMs: number;
}

/** Of one client; rates are a second's. */
export interface ClientRates {
  readonly tunnel: string;
  readonly service: string;
  readonly channel: number;
  readonly report: X11Report;
  readonly requests: number;
  readonly bytesOut: number;
  readonly bytesIn: number;
  readonly roundTrips: number;
  /** Of those in between; undefined where there was none. */
  readonly roundTripMs?: number;
  readonly byName: Readonly<Record<string, number>>;
}

/** Of each client that is there now, the busiest first. `service` as `service` or `tunnel/service`. */
export function clientRates(before: Look, now: Look, service?: string): ClientRates[] {
  const seconds = Math.max((now.atMs - before.atMs) / 1000, 0.001);
  const earlier = new Map(watchedChannels(before.status, service).map(({ tunnel, channel, report }) => [`${tunnel} ${channel.id}`, report]));
  return watchedChannels(now.status, service)
    .map(({ tunnel, channel, report }) => ({ tunnel, service: channel.service, channel: channel.id, report, ...ratesOf(earlier.get(`${tunnel} ${channel.id}`), report, seconds) }))
    .sort((a, b) => b.requests - a.requests || b.bytesOut + b.bytesIn - (a.bytesOut + a.bytesIn) || a.channel - b.channel);
}

/** Channels that an x11 monitor has something to say of. */
function watchedChannels({ tunnels }: NodeStatus, service: string | undefined): { readonly tunnel: string; readonly channel: ChannelStatus; readonly report: X11Report }[] {
  return tunnels.flatMap(({ name, channels }) =>
    channels
      .filter((channel) => service === undefined || channel.service === service || `${name}/${channel.service}` === service)
      .flatMap((channel) => (channel.monitors?.['x11'] === undefined ? [] : [{ tunnel: name, channel, report: channel.monitors['x11'] as X11Report }])),
  );
}

function ratesOf(before: X11Report | undefined, now: X11Report, seconds: number): Pick<ClientRates, 'requests' | 'bytesOut' | 'bytesIn' | 'roundTrips' | 'roundTripMs' | 'byName'> {
  const trips = now.roundTrips.count - (before?.roundTrips.count ?? 0);
  const tripMs = totalMs(now.roundTrips) - totalMs(before?.roundTrips);
  const names = Object.entries(now.requests.byName).map(([name, count]): [string, number] => [name, (count - (before?.requests.byName[name] ?? 0)) / seconds]);
  return {
    requests: (now.requests.total - (before?.requests.total ?? 0)) / seconds,
    bytesOut: (now.bytes.out - (before?.bytes.out ?? 0)) / seconds,
    bytesIn: (now.bytes.in - (before?.bytes.in ?? 0)) / seconds,
    roundTrips: trips / seconds,
    ...(trips > 0 ? { roundTripMs: Math.max(tripMs / trips, 0) } : {}),
    byName: Object.fromEntries(names.filter(([, rate]) => rate > 0).sort(([, a], [, b]) => b - a)),
  };
}

function totalMs(trips: X11Report['roundTrips'] | undefined): number {
  return (trips?.meanMs ?? 0) * (trips?.count ?? 0);
}
