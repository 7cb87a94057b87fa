import { closeSync, openSync } from 'node:fs';
import type { Socket } from 'node:net';
import { devNull } from 'node:os';
import { pipeline } from 'node:stream/promises';
import { parseTarget, type Chain } from '@lstp/core';
import { fetchOutcome, openChannel } from '../control/control-client.js';
import { waitForNode } from '../control/find-node.js';
import { EXIT, UsageError } from '../exit-status.js';
import { findService, type ServiceName } from '../find-service.js';
import { loadChainOf } from '../load-chains.js';

export interface ConnectOptions {
  readonly as: string;
  /** Seconds. */
  readonly wait: number;
}

export interface ConnectRequest {
  readonly file: string;
  /** `service`, or `tunnel/service`. */
  readonly service: string;
  readonly target?: string | undefined;
}

/**
 * `lstp connect`: standard input and output become one end of a channel. Each direction ends by itself; the
 * command ends when both have. Status 0 when the channel came to its end in order, 3 when it was refused or cut.
 */
export async function connect({ file, service, target }: ConnectRequest, options: ConnectOptions): Promise<number> {
  const chain = await loadChainOf(file, options.as);
  const wanted = { ...findService(chain, options.as, service), target };
  checkTarget(chain, wanted);
  const { path } = await waitForNode({ node: options.as, chain }, options.wait * 1000);
  const { socket, id } = await openChannel(path, wanted).catch(usageIfTheirs);
  if (await joinStandardStreams(socket)) return EXIT.done;
  const { code, message } = await fetchOutcome(path, id);
  if (code === 'done') return EXIT.done;
  process.stderr.write(`lstp: ${wanted.tunnel}/${wanted.service}: ${message ?? 'the connection was cut'} (${code})\n`);
  return EXIT.unreachable;
}

function checkTarget({ file, tunnels }: Chain, { tunnel, service, target }: ServiceName & Pick<ConnectRequest, 'target'>): void {
  const isChosen = tunnels.get(tunnel)?.services.get(service)?.allow !== undefined;
  if (target === undefined && isChosen) throw new UsageError(`service ${service} leads to many places; add the TARGET that you want, such as build.acme:22`);
  if (target === undefined) return;
  if (!isChosen) throw new UsageError(`service ${service} leads to one place, which ${file} names; a TARGET is for services with \`allow\``);
  try {
    parseTarget(target);
  } catch (error) {
    throw new UsageError(`TARGET: ${(error as Error).message}`, { cause: error });
  }
}

/** The node refuses before it opens anything: what we asked for is wrong, by its file. */
function usageIfTheirs(error: NodeJS.ErrnoException): never {
  if (error.code === 'ERR_LSTP_NOT_RUNNING') throw error;
  throw new UsageError(error.message, { cause: error });
}

/** Resolves when both directions have ended: true when the reader of our output left first (EPIPE), which is its right. */
async function joinStandardStreams(socket: Socket): Promise<boolean> {
  const input = pipeline(process.stdin, socket).catch(() => {});
  const readerLeft = await pipeline(socket, process.stdout, { end: false })
    .then(endOutput)
    .then(
      () => false,
      (error: NodeJS.ErrnoException) => error.code === 'EPIPE',
    );
  // Who sits at a terminal has seen the end; a program's input may still be on its way (half-close).
  if (readerLeft || process.stdin.isTTY) socket.destroy();
  await input;
  process.stdin.destroy();
  return readerLeft;
}

/** Node keeps descriptor 1 open after end(); whoever reads it has to see the end while input still flows. */
async function endOutput(): Promise<void> {
  await outputTaken();
  try {
    closeSync(1);
    // The number stays taken: else our next connection would be standard output, to Node and to all that writes there.
    openSync(devNull, 'r+');
  } catch {
    // closed already by whoever shares it
  }
}

/** Resolves when nothing waits for the reader of our output any more, however slow it is. Rejects when it leaves. */
function outputTaken(): Promise<void> {
  const { stdout } = process;
  return new Promise((resolve, reject) => {
    stdout.on('error', reject);
    stdout.write('', (error) => (error ? reject(error) : resolve()));
  });
}
