/**
 * Prometheus metrics of one node, read from its status when they are asked for: nodes count, this file names.
 * Every node has its own registry, so that several live in one process. Names and units follow Prometheus's
 * conventions: `lstp_` in front, base units (seconds, bytes), `_total` behind what only grows.
 */
import type { Registry } from 'prom-client';
import type { NodeStatus, TunnelStatus, TunnelTotals } from '../node/running-node.js';

export interface Metrics {
  readonly contentType: string;
  /** The exposition as of now. */
  text(): Promise<string>;
}

type Labels = Record<string, string>;
type Sample = readonly [labels: Labels, value: number];

interface Family {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  readonly samples: (status: NodeStatus) => Sample[];
}

/** What is measured. Names ending in `_total` are counters, all others gauges. */
const FAMILIES: readonly Family[] = [
  family('lstp_build_info', 'Version of lstp; always 1.', ['version'], ({ version }) => [[{ version }, 1]]),
  family('lstp_uptime_seconds', 'Time since the node was started.', [], ({ uptimeMs }) => [[{}, uptimeMs / 1000]]),
  family('lstp_tunnel_up', 'Whether the tunnel is established (1) or not (0).', ['tunnel'], each((tunnel) => [[{}, tunnel.state === 'established' ? 1 : 0]])),
  family('lstp_tunnel_carriers', 'Living carriers of the tunnel.', ['tunnel'], each((tunnel) => [[{}, tunnel.carriers.length]])),
  family('lstp_tunnel_channels', 'Open channels of the tunnel.', ['tunnel', 'service'], each(channelsByService)),
  family('lstp_tunnel_retained_bytes', 'Bytes kept until the other end has acknowledged them.', ['tunnel'], each(({ retainedBytes }) => (retainedBytes === undefined ? [] : [[{}, retainedBytes]]))),
  family('lstp_carrier_round_trip_seconds', 'Round trip between the two ends, last measured.', ['tunnel', 'slot'], each(roundTrips)),
  family('lstp_service_up', 'Whether the service works at this end (1) or failed (0).', ['tunnel', 'service', 'role'], each(services)),
  family('lstp_tunnel_channels_opened_total', 'Channels opened since the node was started.', ['tunnel'], total(({ channels }) => channels)),
  family('lstp_tunnel_carriers_established_total', 'Carriers established since the node was started.', ['tunnel'], total(({ carriers }) => carriers)),
  family('lstp_tunnel_received_bytes_total', 'Application bytes taken from the tunnel.', ['tunnel'], total(({ bytesOut }) => bytesOut)),
  family('lstp_tunnel_sent_bytes_total', 'Application bytes given to the tunnel.', ['tunnel'], total(({ bytesIn }) => bytesIn)),
  family('lstp_codec_bytes_total', 'Bytes of compressed services at this end, before the codec (plain) and behind it (coded), by direction.', ['tunnel', 'service', 'codec', 'form', 'direction'], each(codecBytes)),
  family('lstp_tunnel_dropped_datagrams_total', 'Datagrams that the tunnel could not take in time.', ['tunnel'], total(({ dropped = 0 }) => dropped)),
  family('lstp_service_events_total', 'What the plugin of a service counted at this end since its start, by kind.', ['tunnel', 'service', 'role', 'event'], each(serviceEvents)),
  family('lstp_relay_legs', 'Legs at this middle by state.', ['state'], relayLegs),
  family('lstp_relay_bytes_total', 'Bytes passed through by this middle, both directions.', [], ({ relay }) => (relay === undefined ? [] : [[{}, relay.bytes]])),
  family('lstp_relay_events_total', 'What happened at this middle since the node was started, by kind.', ['event'], relayEvents),
  family('process_start_time_seconds', 'Start of the process since the Unix epoch.', [], () => [[{}, Math.round(Date.now() / 1000 - process.uptime())]]),
  family('process_cpu_seconds_total', 'User and system time spent by the process.', [], () => [[{}, cpuSeconds()]]),
  family('process_resident_memory_bytes', 'Resident memory of the process.', [], () => [[{}, process.memoryUsage.rss()]]),
];

/** Metrics of the node whose status `read` gives. Loads prom-client when called. */
export async function createMetrics(read: () => NodeStatus): Promise<Metrics> {
  const { Registry } = await import('prom-client');
  const registry = new Registry();
  for (const family of FAMILIES) await register(registry, family, read);
  return { contentType: registry.contentType, text: () => registry.metrics() };
}

async function register(registry: Registry, { name, help, labels, samples }: Family, read: () => NodeStatus): Promise<void> {
  const { Counter, Gauge } = await import('prom-client');
  const settings = { name, help, labelNames: [...labels], registers: [registry] };
  if (!name.endsWith('_total')) {
    const gauge: InstanceType<typeof Gauge> = new Gauge({ ...settings, collect: () => refill(gauge, samples(read()), (at, value) => gauge.set(at, value)) });
    return;
  }
  const counter: InstanceType<typeof Counter> = new Counter({ ...settings, collect: () => refill(counter, samples(read()), (at, value) => counter.inc(at, value)) });
}

/** The node holds the totals; the registry only shows them, afresh each time. */
function refill(metric: { reset(): void }, samples: readonly Sample[], put: (labels: Labels, value: number) => void): void {
  metric.reset();
  for (const [labels, value] of samples) put(labels, value);
}

function family(name: string, help: string, labels: readonly string[], samples: Family['samples']): Family {
  return { name, help, labels, samples };
}

/** Samples of every tunnel, labelled with its name. */
function each(samples: (tunnel: TunnelStatus) => Sample[]): Family['samples'] {
  return ({ tunnels }) => tunnels.flatMap((tunnel) => samples(tunnel).map(([labels, value]): Sample => [{ tunnel: tunnel.name, ...labels }, value]));
}

function total(read: (totals: TunnelTotals) => number): Family['samples'] {
  return each(({ totals }) => (totals === undefined ? [] : [[{}, read(totals)]]));
}

function channelsByService({ channels, services }: TunnelStatus): Sample[] {
  const counts = new Map(services.map(({ name }) => [name, 0]));
  for (const { service } of channels) counts.set(service, (counts.get(service) ?? 0) + 1);
  return [...counts].map(([service, count]) => [{ service }, count]);
}

function roundTrips({ carriers }: TunnelStatus): Sample[] {
  return carriers.flatMap(({ slot, rttMs }): Sample[] => (rttMs === null ? [] : [[{ slot: String(slot) }, rttMs / 1000]]));
}

function services(tunnel: TunnelStatus): Sample[] {
  return tunnel.services.map(({ name, role, error }) => [{ service: name, role }, error === undefined ? 1 : 0]);
}

function codecBytes(tunnel: TunnelStatus): Sample[] {
  return tunnel.services.flatMap(({ name: service, codec }): Sample[] => {
    if (codec === undefined) return [];
    const sample = (form: string, direction: string, bytes: number): Sample => [{ service, codec: codec.name, form, direction }, bytes];
    return [sample('plain', 'sent', codec.plainOut), sample('coded', 'sent', codec.codedOut), sample('plain', 'received', codec.plainIn), sample('coded', 'received', codec.codedIn)];
  });
}

function serviceEvents(tunnel: TunnelStatus): Sample[] {
  return tunnel.services.flatMap(({ name: service, role, counts = {} }) => Object.entries(counts).map(([event, count]): Sample => [{ service, role, event }, count]));
}

function relayEvents({ relay }: NodeStatus): Sample[] {
  return Object.entries(relay?.events ?? {}).map(([event, count]) => [{ event }, count]);
}

function relayLegs({ relay }: NodeStatus): Sample[] {
  if (relay === undefined) return [];
  return (['parked', 'waiting', 'paired', 'standby', 'links'] as const).map((state) => [{ state }, relay[state]]);
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
