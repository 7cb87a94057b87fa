import { performance } from 'node:perf_hooks';
import { fetchStatus } from '../control/control-client.js';
import { waitForNode, type FoundNode } from '../control/find-node.js';
import { UsageError } from '../exit-status.js';
import { loadChainOf } from '../load-chains.js';
import { wrongWord } from '../wrong-word.js';
import { clientRates, type Look } from '../x11-top/client-rates.js';
import { LiveScreen } from '../x11-top/live-screen.js';
import { topText } from '../x11-top/top-text.js';

export interface X11TopOptions {
  readonly as: string;
  readonly service?: string;
  /** Seconds. */
  readonly interval: number;
  readonly once?: true;
  /** Seconds. */
  readonly wait: number;
}

/** Where the terminal's width is not known. */
const USUAL_WIDTH = 120;
const LEAST_INTERVAL_MS = 100;

/** `lstp x11 top`: what the X clients of a node do, again and again; once where nobody looks. */
export async function x11Top(file: string, options: X11TopOptions): Promise<void> {
  const chain = await loadChainOf(file, options.as);
  const found = await waitForNode({ node: options.as, chain }, options.wait * 1000);
  checkService(found, options.service);
  if (options.once === true || !process.stdout.isTTY) return showOnce(found, options);
  await showLive(found, options);
}

/** Two looks, since rates are of what is between. */
async function showOnce({ path, status }: FoundNode, options: X11TopOptions): Promise<void> {
  const before = { status, atMs: performance.now() };
  await new Promise((wake) => setTimeout(wake, intervalMs(options)));
  process.stdout.write(textOf(before, await look(path), options, { width: process.stdout.columns ?? USUAL_WIDTH }));
}

async function showLive({ path, status }: FoundNode, options: X11TopOptions): Promise<void> {
  const screen = new LiveScreen(process.stdout, process.stdin);
  try {
    let now: Look = { status, atMs: performance.now() };
    let before = now;
    while (!screen.isOver) {
      screen.show(textOf(before, now, options, screen));
      await screen.pause(intervalMs(options));
      before = now;
      now = await look(path);
    }
  } finally {
    screen.close();
  }
}

function textOf(before: Look, now: Look, { as, service, interval }: X11TopOptions, room: { readonly width: number; readonly height?: number }): string {
  const head = `lstp x11 top: ${as}${service === undefined ? '' : `, ${service}`}, ${new Date().toLocaleTimeString('en-GB')}, over ${interval} s${room.height === undefined ? '' : '; q ends it'}`;
  return topText({ head, ...unwatched(now, as) }, clientRates(before, now, service), room);
}

/** Where X clients are there, but nobody watches at this end. */
function unwatched({ status }: Look, node: string): { readonly none?: string } {
  const isThere = status.tunnels.some(({ services, channels }) => channels.some((channel) => services.some(({ name, plugin }) => plugin === 'x11' && name === channel.service)));
  return isThere ? { none: `no X clients are watched here: look at the other end, or write monitors: [{ plugin: x11, at: ${node} }]` } : {};
}

async function look(path: string): Promise<Look> {
  return { status: await fetchStatus(path), atMs: performance.now() };
}

function intervalMs({ interval }: X11TopOptions): number {
  return Math.max(interval * 1000, LEAST_INTERVAL_MS);
}

/** Any service with a channel that is watched, or of the plugin x11. */
function checkService({ status: { node, tunnels } }: FoundNode, wanted: string | undefined): void {
  const all = tunnels.flatMap(({ name, services, channels }) =>
    services
      .filter((service) => service.plugin === 'x11' || channels.some((channel) => channel.service === service.name && channel.monitors?.['x11'] !== undefined))
      .map((service) => ({ tunnel: name, service: service.name })),
  );
  if (wanted === undefined && all.length === 0) throw new UsageError(`${node} has no display for X clients; add a service to the chain file: x: { plugin: x11, at: ${node}, to: ":0" }`);
  const isThere = wanted === undefined || all.some(({ tunnel, service }) => service === wanted || `${tunnel}/${service}` === wanted);
  if (!isThere) throw wrongWord('service', wanted, { candidates: all.map(({ service }) => service), where: `of ${node} for X clients` });
}
