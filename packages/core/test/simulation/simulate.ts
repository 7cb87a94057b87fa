/** Runs seeds; a seed that fails comes back with its message and, on request, everything that happened. */
import { ChannelTable } from '../../src/protocol/channel-table.js';
import { World } from './world.js';

export interface Outcome {
  readonly seed: number;
  /** Undefined: everything was as it should be. */
  readonly failure: string | undefined;
  readonly steps: number;
}

export function simulate(seed: number, trace?: (line: string) => void): Outcome {
  const world = new World(seed, trace === undefined ? {} : { trace });
  const { firstId } = world.scenario;
  const restore = firstId === undefined ? undefined : startIdsAt(firstId);
  let failure: string | undefined;
  try {
    world.run();
  } catch (error) {
    failure = error instanceof Error ? `${error.name === 'Error' ? '' : `${error.name}: `}${error.message}${error.constructor.name === 'Failure' ? '' : `\n${error.stack}`}` : String(error);
  } finally {
    restore?.();
  }
  return { seed, failure, steps: world.steps };
}

/** Every table begins near the place where ids wrap. Returns what undoes it. */
function startIdsAt(id: number): () => void {
  const { allocate } = ChannelTable.prototype;
  const started = new WeakSet<ChannelTable>();
  ChannelTable.prototype.allocate = function allocateFrom(this: ChannelTable): number {
    if (!started.has(this)) this.startAt(id);
    started.add(this);
    return allocate.call(this);
  };
  return () => {
    ChannelTable.prototype.allocate = allocate;
  };
}
