/** Finds the control socket of a running node: by the keys that a chain file gives it, or by name among all that run here. */
import { realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Chain } from '@lstp/core';
import { nearest } from '@lstp/core/config';
import { UnreachableError, UsageError } from '../exit-status.js';
import { fetchStatus } from './control-client.js';
import { controlDirectory, controlPath, controlPathsOf } from './control-path.js';
import type { ControlStatus } from './controlled-node.js';

export interface FoundNode {
  readonly path: string;
  readonly status: ControlStatus;
}

export interface Wanted {
  /** Any node, where exactly one runs. */
  readonly node?: string | undefined;
  /** The chain whose node it is; among several of one name, the one that runs from this file or has its key. */
  readonly chain?: Chain | undefined;
}

/** Throws UnreachableError where none runs, UsageError with the candidates where several do. */
export async function findNode(wanted: Wanted): Promise<FoundNode> {
  const running = await runningNodes(wanted.node);
  const fitting = wanted.chain === undefined ? running : running.filter((found) => belongsTo(found, wanted.chain as Chain));
  const [only, ...others] = fitting;
  if (only === undefined) throw notRunning(wanted, { running, near: await nearestRunning(wanted) });
  if (others.length > 0) throw ambiguous(wanted, fitting);
  return only;
}

/** The same, but waits until `deadlineMs` from now for it to run. */
export async function waitForNode(wanted: Wanted, deadlineMs: number): Promise<FoundNode> {
  const end = Date.now() + deadlineMs;
  for (;;) {
    try {
      return await findNode(wanted);
    } catch (error) {
      if (!(error instanceof UnreachableError) || Date.now() >= end) throw error;
    }
    await new Promise((wake) => setTimeout(wake, 100));
  }
}

async function runningNodes(name: string | undefined): Promise<FoundNode[]> {
  const asked = controlPathsOf(name).map(async (path): Promise<FoundNode[]> => {
    try {
      return [{ path, status: await fetchStatus(path) }];
    } catch {
      return []; // left behind by a dead process, or someone else's
    }
  });
  return (await Promise.all(asked)).flat().filter(({ status }) => name === undefined || status.node === name);
}

function belongsTo({ path, status }: FoundNode, chain: Chain): boolean {
  const keys = chain.nodes.get(status.node)?.keys ?? [];
  return keys.some((key) => controlPath(status.node, key) === path) || status.files.includes(canonical(chain.file));
}

/** As ControlStatus.files has it. */
export function canonical(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return resolve(file);
  }
}

/** A node that runs here and may have been meant. A chain file has told wrong names already. */
async function nearestRunning({ node, chain }: Wanted): Promise<string | undefined> {
  if (node === undefined || chain !== undefined) return undefined;
  return nearest(node, (await runningNodes(undefined)).map(({ status }) => status.node));
}

function notRunning({ node, chain }: Wanted, { running, near }: { readonly running: readonly FoundNode[]; readonly near: string | undefined }): UnreachableError {
  const name = node ?? 'NODE';
  const start = `start it with \`lstp up ${chain?.file ?? 'FILE'} --as ${name}\``;
  if (running.length > 0) return new UnreachableError(`${name} of ${chain?.file} does not run here, another ${name} does, from ${list(running)}; ${start}`);
  return new UnreachableError(`${node === undefined ? 'no node runs' : `${name} does not run`} on this machine (no answer in ${controlDirectory()}); ${near === undefined ? '' : `did you mean ${near}, which does? If not, `}${start}`);
}

function ambiguous({ node }: Wanted, found: readonly FoundNode[]): UsageError {
  const lines = found.map(({ status }) => `  ${status.node}  process ${status.pid}, from ${status.files.join(', ')}`);
  const hint = node === undefined ? 'choose one with --as NODE' : 'name the FILE of the one you mean';
  return new UsageError(`several nodes run here; ${hint}:\n${lines.join('\n')}`);
}

function list(found: readonly FoundNode[]): string {
  return found.map(({ status }) => status.files.join(', ')).join(' and ');
}
