import type { CarrierStatus, ChannelStatus, LoginStatus, NodeStatus, RelayStatus, ServiceStatus, TunnelStatus, WayInUse } from '@lstp/core';
import { bytes, duration, roundTrip } from './quantity.js';
import { table } from './table.js';

/** More channels than this are counted, not listed; `--json` has them all. */
const LISTED = 20;

/** A node's status as people read it; ends with a line feed. */
export function statusText(status: NodeStatus): string {
  const head = [`${status.node}: lstp ${status.version}, process ${status.pid}, up ${duration(status.uptimeMs)}`];
  if (status.listeners.length > 0) head.push(`listening on ${status.listeners.join(', ')}`);
  const parts = [head.join('\n'), ...status.tunnels.map(tunnelText)];
  if (status.relay !== undefined) parts.push(relayText(status.relay));
  const ways = (status.ways ?? []).filter(isRemarkable);
  if (ways.length > 0) parts.push(waysText(ways));
  return `${parts.join('\n\n')}\n`;
}

/** A neighbour that is there, straight and over TCP, needs no word. */
function isRemarkable({ state, through, address }: WayInUse): boolean {
  return state === 'failed' || through.length > 0 || address.includes('://');
}

function waysText(ways: readonly WayInUse[]): string {
  const rows = ways.map(({ neighbour, state, address, through, message = '', forMs }) => [
    neighbour,
    state === 'open' ? [address, ...through.map((proxy) => `through ${proxy}`)].join(' ') : `failed: ${message}`,
    `for ${duration(forMs)}`,
  ]);
  return `ways out\n${table(rows, '  ')}`;
}

function tunnelText(tunnel: TunnelStatus): string {
  const { name, state, progress, interruption, carriers, login, services, channels } = tunnel;
  const since = interruption === undefined ? '' : ` for ${duration(interruption.forMs)}`;
  const waiting = state === 'established' || progress === undefined ? '' : `, ${progress}`;
  const lines = [`tunnel ${name}: ${state}${since}${waiting}`, ...carriers.map(carrierText)];
  if (interruption !== undefined && channels.length > 0) lines.push(`  connections are kept for ${duration(interruption.keptMs)} more`);
  if (login !== undefined) lines.push(loginText(login));
  if (services.length > 0) lines.push(servicesText(services, channels));
  if (channels.length > 0) lines.push(channelsText(channels));
  return lines.join('\n');
}

function carrierText({ id, slot, route, rttMs, sinceMs, map }: CarrierStatus): string {
  const nodes = map.map(({ node, kind, address, verified }) => [node, kind, address ?? '', verified ? 'verified' : 'claimed']);
  const line = `  carrier ${slot}: ${route}, round trip ${roundTrip(rttMs)}, for ${duration(sinceMs)} (${id.slice(0, 8)})`;
  return nodes.length === 0 ? line : `${line}\n${table(nodes, '    ')}`;
}

function loginText({ at, state, user, groups = [], message, refused }: LoginStatus): string {
  const who = [user ?? '', ...groups.map((group) => `@${group}`)].join(' ').trim();
  const states = { asking: 'being asked for', given: `given as ${who}`, failed: 'failed', none: 'nobody yet', pending: `${who} is being checked`, verified: who, refused: `${who} refused` } as const;
  const why = message === undefined ? '' : `: ${message}`;
  return `  log-in from ${at}: ${states[state]}${why}${refused.length === 0 ? '' : `\n    closed for want of it: ${refused.join(', ')}`}`;
}

function servicesText(services: readonly ServiceStatus[], channels: readonly ChannelStatus[]): string {
  const rows = services.map(({ name, plugin, role, addresses, codec, counts, error }) => {
    const open = channels.filter(({ service }) => service === name).length;
    const where = error === undefined ? addresses.join(', ') : `failed: ${error}`;
    const more = [...savedText(codec), ...Object.entries(counts ?? {}).flatMap(([event, count]) => (count > 0 ? [`${count} ${event}`] : []))].join(', ');
    return [name, plugin, role === 'front' ? 'applications here' : 'server here', `${open} open`, [where, more].filter((text) => text !== '').join('; ')];
  });
  return `  services\n${table(rows, '    ')}`;
}

/** What is left of the bytes of a compressed service. */
function savedText(codec: ServiceStatus['codec']): string[] {
  if (codec === undefined || codec.plainOut + codec.plainIn === 0) return codec === undefined ? [] : [codec.name];
  const { name, plainOut, plainIn, codedOut, codedIn } = codec;
  return [`${name}: ${bytes(plainOut + plainIn)} as ${bytes(codedOut + codedIn)}`];
}

function channelsText(channels: readonly ChannelStatus[]): string {
  const rows = channels
    .slice(0, LISTED)
    .map(({ id, service, state, target, source, bytesIn, bytesOut, dropped = 0, ageMs }) => [
      String(id),
      service,
      state,
      `${bytes(bytesIn)} in`,
      `${bytes(bytesOut)} out`,
      duration(ageMs),
      [source === undefined ? '' : `from ${source}`, target === undefined ? '' : `to ${target}`, dropped === 0 ? '' : `${dropped} dropped`].filter((text) => text !== '').join(' '),
    ]);
  const more = channels.length > LISTED ? `\n    and ${channels.length - LISTED} more` : '';
  return `  channels\n${table(rows, '    ')}${more}`;
}

function relayText({ parked, waiting, paired, standby, links, bytes: passed, legs }: RelayStatus): string {
  const head = `relay: ${paired} paired, ${waiting} waiting, ${parked} parked, ${standby} standby, ${links} links, ${bytes(passed)} passed`;
  if (legs.length === 0) return head;
  const rows = legs.slice(0, LISTED).map(({ tunnel, side, from, state, ageMs }) => [tunnel ?? '-', side, from, state, duration(ageMs)]);
  const more = legs.length > LISTED ? `\n  and ${legs.length - LISTED} more` : '';
  return `${head}\n${table(rows, '  ')}${more}`;
}
