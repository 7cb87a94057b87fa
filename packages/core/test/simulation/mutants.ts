/**
 * The protocol, broken on purpose in one place each: what the simulation must find, or it proves nothing.
 * Each puts another function in the place of a method and gives back what undoes it.
 */
import { Acks } from '../../src/protocol/acks.js';
import { Carrier } from '../../src/protocol/carrier.js';
import { CarrierSet } from '../../src/protocol/carrier-set.js';
import { Channel } from '../../src/protocol/channel.js';
import { ChannelSet } from '../../src/protocol/channel-set.js';
import { ChannelTable } from '../../src/protocol/channel-table.js';
import { Exchange } from '../../src/protocol/exchange.js';
import { Incoming } from '../../src/protocol/incoming.js';
import { MESSAGES } from '../../src/protocol/messages.js';
import { HEADROOM, Outgoing, type Item } from '../../src/protocol/outgoing.js';
import { OwnCarriers } from '../../src/protocol/own-carriers.js';
import { Resumption } from '../../src/protocol/resumption.js';
import { Stash } from '../../src/protocol/stash.js';
import { Transmitter } from '../../src/protocol/transmitter.js';

export type Mutant = () => () => void;

export const MUTANTS: Readonly<Record<string, Mutant>> = {
  'an id is released before the peer has let go': () =>
    replace(ChannelSet.prototype, 'free', (free) => function freeAndRelease(this: ChannelSet, channel, reason, message) {
      free.call(this, channel, reason, message);
      if (channel.state === 'freeing') this.release(channel, reason);
    }),
  'received is said to be one more': () =>
    replace(Incoming.prototype, 'restate', (restate) => function oneMore(this: Incoming) {
      const { received, limit } = restate.call(this);
      return { received: received + 1, limit };
    }),
  'received is said to be one less': () =>
    replace(Incoming.prototype, 'restate', (restate) => function oneLess(this: Incoming) {
      const { received, limit } = restate.call(this);
      return { received: Math.max(0, received - 1), limit };
    }),
  'END is not sent again': () => {
    const rewound = new WeakSet<Outgoing>();
    return both(
      replace(Outgoing.prototype, 'rewind', (rewind) => function remember(this: Outgoing) {
        rewound.add(this);
        rewind.call(this);
      }),
      replace(Outgoing.prototype, 'peek', (peek) => function withoutEnd(this: Outgoing) {
        const item = peek.call(this);
        if (item === undefined || !isEnd(item) || !rewound.has(this)) return item;
        this.advance();
        return undefined;
      }),
    );
  },
  'a pause is never lifted': () =>
    replace(Outgoing.prototype, 'grant', (grant) => function unlessPaused(this: Outgoing, limit) {
      if (!this.paused) grant.call(this, limit);
    }),
  'a pause freezes nothing at the receiver': () => replace(Incoming.prototype, 'restate', (restate) => function thawed(this: Incoming) {
    const said = restate.call(this);
    return this.paused ? { received: said.received, limit: this.taken + this.window + 5000 } : said;
  }),
  'what arrived before is delivered again': () => replace(Incoming.prototype, 'place', () => () => 0),
  'the limit follows what arrived, not what was taken': () =>
    replace(Incoming.prototype, 'arrive', (arrive) => function andTake(this: Incoming, units) {
      arrive.call(this, units);
      this.take(units, 0, 0);
    }),
  'requests are sent again in another order': () =>
    replace(ChannelTable.prototype, 'values', (values) => function backwards(this: ChannelTable) {
      return [...values.call(this)].reverse().values() as IterableIterator<Channel>;
    }),
  'an outstanding release is not asked for again': () => {
    let restating = false;
    return both(
      replace(Resumption.prototype, 'restate', (restate) => function watched(this: Resumption, lost) {
        restating = true;
        restate.call(this, lost);
        restating = false;
      }),
      replace(ChannelSet.prototype, 'sendOnLead', (send) => function withoutFree(this: ChannelSet, frame) {
        if (!restating || frame[0] !== MESSAGES.SERVICE_FREE_REQUEST.type) send.call(this, frame);
      }),
    );
  },
  'a release is not answered': () =>
    replace(Carrier.prototype, 'answer', (answer) => function onlyPong(this: Carrier, name, channel, payload) {
      if (name === 'PONG') answer.call(this, name, channel, payload);
    }),
  'what was transmitted is kept no longer': () =>
    replace(Outgoing.prototype, 'advance', (advance) => function andForget(this: Outgoing) {
      advance.call(this);
      this.acknowledge(this.sent);
    }),
  'an early piece is dropped': () => replace(Stash.prototype, 'add', () => () => true),
  'the rest of a split frame has the wrong position': () => {
    const cuts = new WeakMap<Outgoing, number>();
    return replace(Outgoing.prototype, 'peek', (peek) => function shifted(this: Outgoing) {
      const item = peek.call(this);
      if (item === undefined || isEnd(item) || item.name !== 'SERVICE_DATA') return item;
      if (item.position === cuts.get(this)) item.frame.writeUInt32BE(item.position + 1, 12);
      cuts.set(this, this.limit);
      return item;
    });
  },
  'it resumes from what was sent, not from what was received': () => replace(Outgoing.prototype, 'rewind', () => () => undefined),
  'the ledger leaks': () =>
    replace(ChannelSet.prototype, 'free', (free) => function leaking(this: ChannelSet, channel, reason, message) {
      free.call(this, channel, reason, message);
      this.ledger.retained += 1;
    }),
  'the pool leaks': () => replace(Incoming.prototype, 'close', () => () => undefined),
  'more is sent than was granted': () =>
    replace(Outgoing.prototype, 'grant', (grant) => function generous(this: Outgoing, limit) {
      grant.call(this, limit + 1);
    }),
  'control goes over any carrier': () => replaceGetter(Channel.prototype, 'controlNext', () => false),
  'nothing may be early': () => replaceGetter(CarrierSet.prototype, 'several', () => false),
  'a carrier survives that only we hold for alive': () =>
    replace(Exchange.prototype, 'survivors', () => function all(this: Exchange) {
      return new Set(this.ownAlive);
    }),
  'a channel is done before all was taken and acknowledged': () =>
    replaceGetter(Channel.prototype, 'finished', function tooEarly(this: Channel) {
      return this.state === 'open' && this.endable;
    }),
  'delayed acknowledgements are forgotten': () => replace(Acks.prototype, 'later', () => () => undefined),
  'a restarted peer finds its channels held': () => replace(Resumption.prototype, 'dissociated', () => () => undefined),
  'a channel waits for ever for its own carrier': () => replace(ChannelSet.prototype, 'shareLead', () => () => undefined),
  'a missing own carrier is not refused': () => replace(OwnCarriers.prototype, 'overdue', () => () => []),
  'what the lost lead carried is not sent again': () => replace(Resumption.prototype, 'restate', () => () => undefined),
  'a carrier is closed before the one in its place is alive': () =>
    replace(CarrierSet.prototype, 'replace', (original) => function andClose(this: CarrierSet, carrier, slot) {
      original.call(this, carrier, slot);
      this.fail(carrier, 'SUPERSEDED', 'too early');
    }),
  'a silent peer is never given up': () =>
    replace(Carrier.prototype, 'handleTimeout', (handleTimeout) => function patient(this: Carrier, now) {
      handleTimeout.call(this, now);
      return false;
    }),
  'queues are not emptied before it is sent again': () => replace(Transmitter.prototype, 'clear', () => () => undefined),
};

function isEnd({ name, frame }: Item): boolean {
  return name === 'SERVICE_DATA' && frame.length === HEADROOM;
}

/** Puts `make(original)` in the place of a method. Returns what undoes it. */
function replace<P extends object, N extends keyof P>(prototype: P, name: N, make: (original: P[N]) => P[N]): () => void {
  const original = prototype[name];
  prototype[name] = make(original);
  return () => {
    prototype[name] = original;
  };
}

function replaceGetter<P extends object>(prototype: P, name: keyof P, get: (this: P) => unknown): () => void {
  const original = Object.getOwnPropertyDescriptor(prototype, name) as PropertyDescriptor;
  Object.defineProperty(prototype, name, { ...original, get });
  return () => {
    Object.defineProperty(prototype, name, original);
  };
}

function both(...undo: (() => void)[]): () => void {
  return () => {
    for (const one of undo) one();
  };
}
