/** Tries each way to each neighbour, as the node itself would, up to the proof of its key; then it hangs up. Nothing of a running node is disturbed. */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { formatHostPort, LegHub, neighboursOf, signerOf, type Chain, type DialError, type EgressPath, type LegAddress, type LegDialer, type LegEnd, type Neighbour } from '@lstp/core';
import { formatEgressPath, formatLegAddress, formatProxyUrl } from '@lstp/core/config';
import { dialSteps } from '@lstp/legs';
import { carrying, type NodeParts } from '../node/compose-node.js';
import { diagnose } from './diagnose.js';
import type { DoctorReport, StepReport, WayFailure, WayReport } from './report.js';

interface Way {
  readonly neighbour: Neighbour;
  readonly address: LegAddress;
  readonly path: EgressPath;
}

/** What ended a way. */
interface Ended {
  readonly code: string;
  readonly message: string;
  readonly isTold: boolean;
}

/** `tell` gets each way when it is known what became of it. */
export async function examine(parts: NodeParts, tell: (way: WayReport) => void): Promise<DoctorReport> {
  const { dialer } = carrying(parts);
  const ways: WayReport[] = [];
  for (const neighbour of dialedNeighbours(parts)) {
    for (const address of neighbour.addresses) {
      for (const written of neighbour.paths as readonly EgressPath[]) {
        for (const report of await examinePath(parts, dialer, { neighbour, address, path: written })) {
          ways.push(report);
          tell(report);
        }
      }
    }
  }
  return { node: parts.node, ways };
}

/** Those of the routes that this node dials. */
function dialedNeighbours({ node, chains, identity }: NodeParts): Neighbour[] {
  const files = chains.map(({ chain }) => chain);
  return neighboursOf(files, node, identity.publicKey).filter(({ neighbour }) => isDialed(files, node, neighbour.node)).map(({ neighbour }) => neighbour);
}

function isDialed(chains: readonly Chain[], node: string, neighbour: string): boolean {
  const hops = chains.flatMap(({ tunnels }) => [...tunnels.values()]).flatMap(({ routes }) => routes).flatMap((route) => route.hops);
  return hops.some(({ left, right, dialer }) => (dialer === 'left' ? left === node && right === neighbour : right === node && left === neighbour));
}

/** A way that is known only now, by the environment or a PAC file, may become several. */
async function examinePath(parts: NodeParts, dialer: LegDialer, way: Way): Promise<WayReport[]> {
  const steps = new Steps();
  try {
    if (way.path.ask !== undefined) steps.begin(way.path.ask.from === 'env' ? 'environment' : 'PAC file', formatEgressPath(way.path)[0] ?? '');
    const target = { neighbour: way.neighbour.node, address: way.address, path: way.path };
    const paths = ((await dialer.expand?.(target, AbortSignal.timeout(20_000))) ?? [way.path]) as readonly EgressPath[];
    const reports: WayReport[] = [];
    for (const path of paths) reports.push(await examineWay(parts, dialer, { ...way, path }));
    return reports;
  } catch (error) {
    return [reportOf(parts, way, steps, { ...asEnded(error) })];
  }
}

async function examineWay(parts: NodeParts, dialer: LegDialer, way: Way): Promise<WayReport> {
  const steps = new Steps();
  const ended = (await resolveFirst(way, steps)) ?? (await dialWay(parts, dialer, { way, steps }));
  return reportOf(parts, way, steps, ended);
}

/** The one name of a way that this machine resolves itself. */
async function resolveFirst({ address, path }: Way, steps: Steps): Promise<Ended | undefined> {
  const { host } = path.through[0] ?? address;
  if (isIP(host) !== 0) return undefined;
  steps.begin('name', host);
  try {
    const { address: found } = await lookup(host);
    steps.begin('name', `${host} is ${found}`, { instead: true });
    return undefined;
  } catch (error) {
    return { ...asEnded(error), message: `${host} has no address: ${(error as NodeJS.ErrnoException).code ?? 'unknown'}` };
  }
}

function dialWay({ node, identity, logger }: NodeParts, dialer: LegDialer, { way, steps }: { readonly way: Way; readonly steps: Steps }): Promise<Ended | undefined> {
  const place = formatLegAddress(way.address);
  const stepping: LegDialer = {
    dial: async (target, signal) => {
      const dialed = await dialer.dial(dialSteps({ ...target }, ({ step, place: about }) => steps.begin(step, about)), signal);
      steps.begin('leg', place);
      return dialed;
    },
    ...(dialer.describe === undefined ? {} : { describe: (path) => dialer.describe?.(path) ?? [] }),
  };
  const hub = new LegHub({ node, signer: signerOf(identity.privateKey), log: logger, dialer: stepping });
  const neighbour = { ...way.neighbour, addresses: [way.address], paths: [way.path] };
  return new Promise((resolve) => {
    const settle = (ended: Ended | undefined): void => {
      hub.stop();
      resolve(ended);
    };
    const handler = {
      handleNews: ({ type }: { readonly type: string }): void => {
        if (type === 'greeted') steps.begin('key', way.neighbour.node);
        if (type === 'authenticated') settle(undefined);
      },
      handleEnd: ({ code, message, isTold }: LegEnd): void => settle({ code, message, isTold }),
    };
    hub.dial({ neighbour, use: 'set-up', handler }).catch((error: DialError) => settle(asEnded(error)));
  });
}

function reportOf({ node }: NodeParts, { neighbour, address, path }: Way, steps: Steps, ended: Ended | undefined): WayReport {
  const way = { neighbour: neighbour.node, address: formatLegAddress(address), through: formatEgressPath(path), steps: steps.end() };
  return ended === undefined ? way : { ...way, failure: failureOf(ended, { node, neighbour: neighbour.node, path, last: way.steps.at(-1) }) };
}

function failureOf({ code, message, isTold }: Ended, { node, neighbour, path, last }: { readonly node: string; readonly neighbour: string; readonly path: EgressPath; readonly last: StepReport | undefined }): WayFailure {
  const proxy = path.through.find((one) => [formatProxyUrl(one), one.host, formatHostPort(one)].some((text) => last?.place === text));
  const likely = diagnose({ step: last?.step ?? '', code, node, neighbour, isProxy: proxy !== undefined, hasUser: proxy?.user !== undefined, isTold });
  return { code, message, ...(likely === undefined ? {} : { likely }) };
}

function asEnded(error: unknown): Ended {
  const { code = 'ERR_LSTP_DIAL', message } = error as NodeJS.ErrnoException;
  return { code, message, isTold: false };
}

/** Steps with their times: one ends when the next begins. */
class Steps {
  readonly #steps: { readonly step: string; place: string; readonly from: number; ms: number }[] = [];

  begin(step: string, place: string, { instead = false }: { readonly instead?: boolean } = {}): void {
    const last = this.#steps.at(-1);
    if (instead && last?.step === step) return void (last.place = place);
    this.#finish();
    this.#steps.push({ step, place, from: performance.now(), ms: 0 });
  }

  end(): StepReport[] {
    this.#finish();
    return this.#steps.map(({ step, place, ms }) => ({ step, place, ms }));
  }

  #finish(): void {
    const last = this.#steps.at(-1);
    if (last !== undefined && last.ms === 0) last.ms = Math.round((performance.now() - last.from) * 10) / 10;
  }
}
