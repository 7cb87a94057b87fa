/** What `lstp status` shows of carriers and channels. */
import type { Carrier, CarrierStatus, Channel, ChannelStatus, MapNode, Tunnel, TunnelStatus } from '@lstp/core';

/** What is known of a carrier beside its state. */
export interface CarrierInfo {
  readonly nodes: readonly MapNode[];
  /** As the chain file writes it. */
  readonly route: string;
}

/** `now` in ms, of the clock that the tunnel has. */
export function interruptionOf({ interruption }: Tunnel, now: number): Pick<TunnelStatus, 'interruption'> {
  if (interruption === undefined) return {};
  return { interruption: { forMs: Math.round(now - interruption.since), keptMs: Math.max(0, Math.round(interruption.until - now)) } };
}

/** `now` in ms, of the clock that the carrier has. */
export function carrierStatus(carrier: Carrier, { nodes, route }: CarrierInfo, now: number): CarrierStatus {
  return {
    id: carrier.id,
    slot: carrier.slot,
    route,
    rttMs: carrier.rttMs === undefined ? null : Math.round(carrier.rttMs * 1000) / 1000,
    sinceMs: Math.round(now - carrier.since),
    map: nodes.map(({ node, kind, address, verified }) => ({ node, kind, ...(address === undefined ? {} : { address }), verified })),
  };
}

/** `monitors`: what they report of it, by name. */
export function channelStatus(channel: Channel, monitors: ChannelStatus['monitors'] | undefined, now: number): ChannelStatus {
  const { service, target, kind, codec } = channel.request;
  return {
    id: channel.id,
    service,
    ...(kind === 'stream' ? {} : { kind }),
    ...(codec === undefined ? {} : { codec }),
    ...(channel.datagrams === undefined ? {} : { dropped: channel.datagrams.dropped }),
    state: channel.state,
    role: channel.opener ? 'front' : 'back',
    ...(target === undefined ? {} : { target }),
    ...(channel.source === undefined ? {} : { source: channel.source }),
    bytesIn: channel.bytesIn,
    bytesOut: channel.bytesOut,
    ageMs: Math.round(now - channel.openedAt),
    ...(monitors === undefined ? {} : { monitors }),
  };
}
