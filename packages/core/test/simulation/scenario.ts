/** What a seed stands for: sizes, links, what applications do, what goes wrong and when. */
import type { Chance } from './chance.js';
import type { Link } from './socket.js';
import type { Plan } from './speaker.js';

export type Mishap = 'reset' | 'lopsided' | 'black-hole' | 'half-black-hole' | 'total-loss' | 'freeze' | 'restart' | 'clock-set-back' | 'replace' | 'renew' | 'outage' | 'shutdown' | 'relay-killed' | 'relay-drained' | 'relay-lies';

export interface Answer {
  readonly acceptAfterMs: number;
  readonly beginAfterMs: number;
  readonly refuse: 'never' | 'request' | 'begin';
  readonly plan: Plan;
}

export interface ConversationPlan {
  readonly side: 'left' | 'right';
  readonly startMs: number;
  readonly kind: 'stream' | 'datagram' | 'listen';
  readonly carrier: 'shared' | 'own';
  readonly opener: Plan;
  readonly answer: Answer;
}

export interface Scenario {
  readonly slots: number;
  readonly spread: boolean;
  readonly links: readonly Link[];
  /** Names of nodes from left to right, for each alternative; empty: carriers come about without legs and relays. */
  readonly routes: readonly (readonly string[])[];
  readonly poolBytes: number;
  readonly poolShare: number;
  readonly maxChannels: readonly [number, number];
  readonly unsentBytes: number;
  readonly retainBytes: number;
  readonly graceMs: number;
  readonly pingMs: number;
  readonly firstId: number | undefined;
  readonly conversations: readonly ConversationPlan[];
  readonly mishaps: readonly { readonly kind: Mishap; readonly atMs: number }[];
  readonly activeMs: number;
}

/** How many stories have legs, relays and set-up in them. */
const RELAYED = 0.1;
/** In how many nothing goes wrong, and carriers are only replaced: nobody may see a tunnel without one. */
const CALM = 0.05;
/** With the largest capacity a line holds more than may stay without an answer. */
const SLOW_BYTES_PER_MS = 20;
const ROUTES = [
  [['left', 'west', 'right']],
  [['left', 'west', 'east', 'right']],
  [['left', 'west', 'right'], ['left', 'south', 'right']],
  [['left', 'west', 'east', 'right'], ['left', 'south', 'right']],
] as const;

export function scenarioOf(chance: Chance): Scenario {
  const slots = chance.pick([1, 1, 1, 2, 2, 3]);
  const isLong = chance.flip(0.06);
  const activeMs = isLong ? 50_000 : chance.pick([300, 1500, 6000]);
  const routes = chance.flip(RELAYED) ? chance.pick(ROUTES) : [];
  const isCalm = chance.flip(CALM);
  return {
    slots,
    spread: slots > 1 && chance.flip(0.6),
    routes,
    links: Array.from({ length: 3 }, () => linkOf(chance, isLong)),
    poolBytes: chance.pick([64 * 1024 * 1024, 400_000, 50_000, 0, 0]),
    poolShare: chance.pick([64 * 1024 * 1024, 64 * 1024 * 1024, 1_000_000, 0]),
    maxChannels: [maxChannelsOf(chance), maxChannelsOf(chance)],
    unsentBytes: chance.pick([1, 20_000, 131_072]),
    retainBytes: chance.pick([16 * 1024 * 1024, 16 * 1024 * 1024, 60_000]),
    graceMs: chance.pick([300_000, 300_000, 300_000, 4000]),
    pingMs: isLong ? 3000 : chance.pick([200, 500, 1000]),
    firstId: chance.flip(0.3) ? 0xffff_fff8 : undefined,
    conversations: Array.from({ length: chance.int(1, 7) }, () => conversationOf(chance, activeMs)),
    mishaps: Array.from({ length: chance.pick([0, 1, 1, 2, 3, 4]) }, () => ({ kind: isCalm ? 'renew' as const : mishapOf(chance, routes.length > 0), atMs: chance.next() * activeMs })),
    activeMs,
  };
}

function maxChannelsOf(chance: Chance): number {
  return chance.flip(0.2) ? chance.int(1, 3) : 64;
}

function linkOf(chance: Chance, isLong: boolean): Link {
  return {
    latencyMs: chance.pick([0, 0.1, 1, 20, 80]),
    jitterMs: chance.pick([0, 0.5, 10]),
    capacityBytes: chance.pick([500, 20_000, 200_000, 1_000_000]),
    bytesPerMs: isLong && chance.flip(0.3) ? SLOW_BYTES_PER_MS : chance.pick([Infinity, Infinity, 50_000, 3000]),
    chunking: chance.pick(['whole', 'whole', 'random', 'small', 'single']),
  };
}

function mishapOf(chance: Chance, isRelayed: boolean): Mishap {
  if (isRelayed && chance.flip(0.5)) return chance.pick(['relay-killed', 'relay-drained', 'relay-lies']);
  const common = ['reset', 'reset', 'lopsided', 'lopsided', 'black-hole', 'half-black-hole', 'total-loss', 'freeze', 'replace', 'renew'] as const;
  return chance.flip(0.9) ? chance.pick(common) : chance.pick(['restart', 'clock-set-back', 'outage', 'shutdown']);
}

function conversationOf(chance: Chance, activeMs: number): ConversationPlan {
  const kind = chance.flip(0.85) ? 'stream' : chance.pick(['datagram', 'listen'] as const);
  return {
    side: chance.pick(['left', 'right']),
    startMs: chance.flip(0.3) ? 0 : chance.next() * activeMs,
    kind,
    carrier: kind === 'stream' && chance.flip(0.12) ? 'own' : 'shared',
    opener: planOf(chance, activeMs),
    answer: {
      acceptAfterMs: delayOf(chance),
      beginAfterMs: delayOf(chance),
      refuse: chance.flip(0.9) ? 'never' : chance.pick(['request', 'begin'] as const),
      plan: planOf(chance, activeMs),
    },
  };
}

function delayOf(chance: Chance): number {
  return chance.flip(0.6) ? 0 : chance.size(1, 300);
}

function planOf(chance: Chance, activeMs: number): Plan {
  const writes = chance.pick([0, 1, 2, 5, 12]);
  const largest = chance.pick([20, 3000, 70_000, 200_000]);
  return {
    writes: Array.from({ length: writes }, () => chance.size(1, largest)),
    paceMs: chance.pick([0, 1, 20, 200]),
    finish: chance.flip(0.7) ? 'after-writes' : 'after-peer',
    resetAfterMs: chance.flip(0.12) ? chance.next() * activeMs : undefined,
    reads: chance.pick(['eager', 'eager', 'lazy', 'stalled']),
  };
}
