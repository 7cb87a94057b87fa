/** What `lstp x11 top` shows: a line for each X client, fitted to the terminal. */
import { bytes, roundTrip } from '../text/quantity.js';
import type { ClientRates } from './client-rates.js';

export interface Room {
  /** Columns. */
  readonly width: number;
  /** Lines; as many as there are where undefined. */
  readonly height?: number;
}

const HEADINGS = ['CLIENT', 'CH', 'WIN', 'REQ/S', 'OUT/S', 'IN/S', 'ROUND TRIP', 'ERR'] as const;
/** From this column on they are numbers. */
const FIRST_NUMBER = 1;
const GAP = 2;
const WIDEST_NAME = 20;
/** Columns for title and requests, beside each other; narrower, requests are left out, and then titles. */
const LEAST_TITLE = 12;
const LEAST_BUSY = 30;
/** Above the table, its head, and below. */
const LINES_AROUND = 6;

export interface Words {
  /** The first line. */
  readonly head: string;
  /** Where there is no client. */
  readonly none?: string;
}

/** No line is longer than the room. */
export function topText({ head, none = 'no X clients' }: Words, clients: readonly ClientRates[], { width, height = Infinity }: Room): string {
  const room = Math.max(height - LINES_AROUND, 1);
  const shown = clients.slice(0, room);
  const rows = tableOf(shown, width);
  const more = clients.length > shown.length ? [`and ${clients.length - shown.length} more`] : [];
  const lines = clients.length === 0 ? [head, none] : [head, sumOf(clients), '', ...rows, ...more];
  return `${lines.map((line) => cut(line, width)).join('\n')}\n`;
}

function sumOf(clients: readonly ClientRates[]): string {
  const sum = (value: (client: ClientRates) => number): number => clients.reduce((total, client) => total + value(client), 0);
  const names = new Map<string, number>();
  for (const { byName } of clients) for (const [name, rate] of Object.entries(byName)) names.set(name, (names.get(name) ?? 0) + rate);
  const busiest = [...names].sort(([, a], [, b]) => b - a).map(([name, rate]) => `${name} ${rateText(rate)}`);
  const count = `${clients.length} ${clients.length === 1 ? 'client' : 'clients'}`;
  return [`${count}, ${rateText(sum(({ requests }) => requests))} requests/s, ${bytes(sum(({ bytesOut }) => bytesOut))}/s out, ${bytes(sum(({ bytesIn }) => bytesIn))}/s in`, ...busiest.slice(0, 3)].join(', ');
}

function tableOf(clients: readonly ClientRates[], width: number): string[] {
  const cells = [HEADINGS, ...clients.map(cellsOf)];
  const widths = HEADINGS.map((_, column) => Math.max(...cells.map((row) => (row[column] ?? '').length)));
  const fixed = cells.map((row) => row.map((cell, column) => (column < FIRST_NUMBER ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join(' '.repeat(GAP)));
  const left = width - (fixed[0]?.length ?? 0) - GAP;
  const texts = [{ title: 'TITLE', busy: 'BUSY WITH' }, ...clients.map((client) => ({ title: titleOf(client), busy: busyOf(client) }))];
  const title = Math.min(Math.max(...texts.map((text) => text.title.length)), left - LEAST_BUSY - GAP);
  if (title >= LEAST_TITLE || left >= LEAST_BUSY + GAP + 'TITLE'.length) {
    const room = Math.max(title, 'TITLE'.length);
    return fixed.map((line, index) => `${line}  ${cut(texts[index]?.title ?? '', room).padEnd(room)}  ${cut(texts[index]?.busy ?? '', left - room - GAP)}`.trimEnd());
  }
  if (left < LEAST_TITLE) return fixed;
  return fixed.map((line, index) => `${line}  ${cut(texts[index]?.title ?? '', left)}`.trimEnd());
}

function cellsOf({ channel, report, requests, bytesOut, bytesIn, roundTrips, roundTripMs }: ClientRates): readonly string[] {
  const { client, windows, errors } = report;
  const trips = roundTripMs === undefined ? '-' : `${rateText(roundTrips)}/s ${roundTrip(roundTripMs)}`;
  return [
    cut(client.instance ?? client.class ?? '?', WIDEST_NAME),
    String(channel),
    `${windows.mapped}/${windows.open}`,
    rateText(requests),
    bytes(Math.round(bytesOut)),
    bytes(Math.round(bytesIn)),
    trips,
    String(errors.total),
  ];
}

/** What is wrong comes before what it is called. */
function titleOf({ report: { state, reason, client } }: ClientRates): string {
  const words = { 'set-up': 'the server has not answered yet', open: client.title ?? '', refused: 'refused', lost: 'cannot be followed' } as const;
  return reason === undefined ? words[state] : `${words[state]}: ${reason}`;
}

function busyOf({ byName }: ClientRates): string {
  return Object.entries(byName).slice(0, 4).map(([name, rate]) => `${name} ${rateText(rate)}`).join(', ');
}

/** What is behind the room becomes an ellipsis. */
function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(width - 1, 0))}\u2026`;
}

/** `0`, `0.3`, `12`, `4500`. */
function rateText(rate: number): string {
  if (rate === 0) return '0';
  return rate < 9.95 ? rate.toFixed(1) : String(Math.round(rate));
}
