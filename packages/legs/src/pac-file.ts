/**
 * `egress: pac:PLACE`: a proxy auto-configuration file, run by the package `pac-resolver` inside QuickJS, where it reaches
 * nothing of this process. Its look-ups of names are answered for literal addresses only: names of nodes are never resolved
 * here. The file is read again after a while, and what it said before counts while it cannot be.
 */
import { readFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIPv4 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parsePacAnswer } from './pac-answer.js';
import { formatHostPort, formatPacPlace, type EgressPath, type LegAddress } from '@lstp/core';

/** Of a PAC file. */
const MOST_BYTES = 1_048_576;
const FETCH_MS = 10_000;
/** It is read again when it is asked after this long. */
const FRESH_MS = 3_600_000;
/** For one answer. */
const RUN_MS = 2000;
const MEMORY_BYTES = 67_108_864;

type Find = (url: string, host: string) => Promise<string>;

interface Loaded {
  readonly find: Find;
  readonly at: number;
  /** Begins the time for one answer. */
  readonly arm: () => void;
}

export class PacFile {
  readonly #place: string;
  readonly #now: () => number;
  #loaded: Loaded | undefined;

  /** `place`: a URL of http, https or file, or a path; secrets filled in. `now` in ms, never going back. */
  constructor(place: string, now: () => number) {
    this.#place = place;
    this.#now = now;
  }

  /** The alternatives that it gives for a target. Rejects with a plain Error (ERR_LSTP_EGRESS) that says what is wrong with it. */
  async pathsTo({ host, port }: Pick<LegAddress, 'host' | 'port'>): Promise<readonly EgressPath[]> {
    const { find, arm } = await this.#fresh();
    arm();
    const answer = await this.#saying('fails', () => find(`https://${formatHostPort({ host, port })}/`, host));
    return this.#saying('gives an answer that is none', async () => parsePacAnswer(answer));
  }

  async #fresh(): Promise<Loaded> {
    const loaded = this.#loaded;
    if (loaded !== undefined && this.#now() - loaded.at < FRESH_MS) return loaded;
    try {
      const text = await this.#saying('cannot be read', () => readPlace(this.#place));
      this.#loaded = await this.#saying('is no PAC file', () => this.#load(text));
    } catch (error) {
      if (loaded === undefined) throw error;
      this.#loaded = { ...loaded, at: this.#now() };
    }
    return this.#loaded;
  }

  async #load(text: string): Promise<Loaded> {
    const [{ QuickJS }, { createPacResolver }] = await Promise.all([import('quickjs-wasi'), import('pac-resolver')]);
    const wasm = await readFile(fileURLToPath(import.meta.resolve('quickjs-wasi/quickjs.wasm')));
    let deadline = this.#now() + RUN_MS;
    const arm = (): void => {
      deadline = this.#now() + RUN_MS;
    };
    const machine = await QuickJS.create({ wasm, memoryLimit: MEMORY_BYTES, interruptHandler: () => this.#now() > deadline });
    return { find: createPacResolver(machine, text, { sandbox: OWN_FUNCTIONS }), at: this.#now(), arm };
  }

  async #saying<T>(what: string, act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (error) {
      throw Object.assign(new Error(`the PAC file ${formatPacPlace(this.#place)} ${what}: ${(error as Error).message}`, { cause: error }), { code: 'ERR_LSTP_EGRESS' });
    }
  }
}

/** In place of those of pac-resolver that look names up, or dial, and the one that prints. */
const OWN_FUNCTIONS = {
  alert: () => undefined,
  dnsResolve: (host: string) => (isIPv4(host) ? host : null),
  isResolvable: (host: string) => isIPv4(host),
  isInNet: (host: string, pattern: string, mask: string) => isIPv4(host) && isIPv4(pattern) && isIPv4(mask) && (number(host) & number(mask)) === (number(pattern) & number(mask)),
  myIpAddress: () => ownAddress(),
};

function number(address: string): number {
  return address.split('.').reduce((sum, part) => (sum << 8) | Number(part), 0);
}

function ownAddress(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((one) => one ?? []);
  return addresses.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1';
}

async function readPlace(place: string): Promise<string> {
  if (/^https?:/i.test(place)) return fetchText(new URL(place));
  const bytes = await readFile(/^file:/i.test(place) ? fileURLToPath(place) : place);
  if (bytes.length > MOST_BYTES) throw new Error(`it has more than ${MOST_BYTES} bytes`);
  return bytes.toString('utf8');
}

/** Straight, without any proxy. */
function fetchText(url: URL): Promise<string> {
  const request = url.protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const asking = request(url, { signal: AbortSignal.timeout(FETCH_MS), headers: { accept: 'application/x-ns-proxy-autoconfig, */*' } }, (answer) => {
      if (answer.statusCode !== 200) {
        answer.resume();
        return reject(new Error(`HTTP ${answer.statusCode ?? 0}`));
      }
      const chunks: Buffer[] = [];
      let length = 0;
      answer.on('data', (chunk: Buffer) => {
        length += chunk.length;
        if (length > MOST_BYTES) answer.destroy(new Error(`it has more than ${MOST_BYTES} bytes`));
        else chunks.push(chunk);
      });
      return answer.on('error', reject).on('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
    });
    asking.on('error', reject).end();
  });
}
