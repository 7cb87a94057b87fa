/** An end that builds raw carriers over real legs, one at a time; TLS and all that comes after it is packages/end's. */
import type { Socket } from 'node:net';
import {
  ProtocolError,
  checkPeerSetup,
  freezeSetup,
  neighboursOf,
  nodeCrypto,
  rendezvousDigest,
  type Chain,
  type ClearSetup,
  type LegHub,
  type OwnSetup,
  type Side,
} from '@lstp/core';
import { namedSigner } from '@lstp/core/testing';
import { EndLegs } from './end-legs.js';
import type { SetupLeg, SetupLegEvent } from './setup-leg.js';

export interface LabEndOptions {
  readonly hub: LegHub;
  readonly chain: Chain;
  readonly name: string;
  readonly side: Side;
}

/** Why no carrier came of it. */
export class CarrierRefused extends Error {
  constructor(readonly over: Extract<SetupLegEvent, { type: 'over' }>) {
    super(`${over.code}: ${over.message}`);
  }
}

export class LabEnd {
  readonly progress: string[] = [];
  /** The path of the last carrier, as checked. */
  nodes: readonly string[] = [];
  epoch = Date.now();
  instance = nodeCrypto.random(16).toString('base64url');
  slot = 0;
  alt = 0;
  attempt = 0;
  pingMs = 1000;
  readonly legs: EndLegs;
  readonly #options: LabEndOptions;
  readonly #common = rendezvousDigest(nodeCrypto, 'acme');
  readonly #waiting: { resolve: (socket: Socket) => void; reject: (error: Error) => void }[] = [];
  readonly #inbound: { leg: SetupLeg; setup: ClearSetup }[] = [];
  /** The leg on which a carrier is being made. */
  #asking: SetupLeg | undefined;
  readonly #stopped = new AbortController();
  readonly #unaccept: () => void;

  constructor(options: LabEndOptions) {
    const { hub, chain, name } = options;
    this.#options = options;
    const neighbours = neighboursOf([chain], name, namedSigner(name).publicKey).map(({ neighbour }) => neighbour);
    hub.know(this, { neighbours });
    this.legs = new EndLegs(hub, neighbours);
    this.#unaccept = this.legs.accept(this.#common, {
      handleInbound: (leg, setup) => this.#handleInbound(leg, setup),
      handleStandby: () => this.#useStandby(),
    });
  }

  /** A raw carrier: dialed, answered, or over a standby leg, as the route says. Rejects with CarrierRefused. */
  connect(): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const wait = { resolve, reject };
      this.#waiting.push(wait);
      if (this.#dials) void this.#dial(wait);
      else if (this.#inbound.length > 0) this.#answerNext();
      else this.#useStandby();
    });
  }

  /** Set-ups of the other end that wait here for connect(). */
  get asked(): number {
    return this.#inbound.length;
  }

  close(): void {
    this.#stopped.abort(new Error('the test is over'));
    this.#unaccept();
    for (const { leg } of this.#inbound) leg.close();
  }

  get #route() {
    const { chain } = this.#options;
    return chain.tunnels.get('acme')?.routes[this.alt] as { nodes: readonly string[]; hops: readonly { dialer: Side }[] };
  }

  get #neighbour(): string {
    return (this.#options.side === 'left' ? this.#route.nodes[1] : this.#route.nodes.at(-2)) as string;
  }

  get #dials(): boolean {
    const { side } = this.#options;
    return (side === 'left' ? this.#route.hops[0] : this.#route.hops.at(-1))?.dialer === side;
  }

  freeze(): OwnSetup {
    const { chain, name, side } = this.#options;
    const { left, right } = chain.tunnels.get('acme') as { left: string; right: string };
    this.attempt += 1;
    const members = { versions: [1], common: this.#common, side, peers: [...(chain.nodes.get(side === 'left' ? right : left)?.keys ?? [])] };
    const numbers = { epoch: this.epoch, instance: this.instance, slot: this.slot, alt: this.alt, attempt: this.attempt, pingMs: this.pingMs };
    return freezeSetup({ ...members, ...numbers }, name, { crypto: nodeCrypto, signer: namedSigner(name) });
  }

  async #dial(wait: { reject: (error: Error) => void }): Promise<void> {
    try {
      this.#ask(await this.legs.dial(this.#neighbour, this.#stopped.signal));
    } catch (error) {
      wait.reject(error as Error);
    }
  }

  #useStandby(): void {
    if (this.#waiting.length === 0 || this.#dials || this.#asking !== undefined) return;
    const leg = this.legs.takeStandby(this.#neighbour);
    if (leg !== undefined) this.#ask(leg);
  }

  #handleInbound(leg: SetupLeg, setup: ClearSetup): void {
    leg.onEvent = () => undefined;
    this.#inbound.push({ leg, setup });
    this.#answerNext();
  }

  #answerNext(): void {
    if (this.#waiting.length === 0) return;
    const next = this.#inbound.shift();
    if (next === undefined) return;
    // Its own set-up is unanswered on a standby leg: the one that came is answered instead (spec.md, "Standby legs").
    this.#asking?.close();
    this.#asking = next.leg;
    const own = this.freeze();
    this.#listen(next.leg, own);
    next.leg.sendSetup(own.cu, own.entry);
    this.#accept(next.leg, own, next.setup);
  }

  #ask(leg: SetupLeg): void {
    const own = this.freeze();
    this.#asking = leg;
    this.#listen(leg, own);
    leg.sendSetup(own.cu, own.entry);
  }

  #listen(leg: SetupLeg, own: OwnSetup): void {
    leg.onEvent = (event) => {
      if (event.type === 'progress') this.progress.push(event.text);
      if (event.type === 'setup') this.#accept(leg, own, event.setup);
      if (event.type === 'transparent') this.#waiting.shift()?.resolve(event.socket);
      if ((event.type === 'over' || event.type === 'transparent') && this.#asking === leg) this.#asking = undefined;
      if (event.type === 'over') this.#waiting.shift()?.reject(new CarrierRefused(event));
    };
  }

  #accept(leg: SetupLeg, own: OwnSetup, setup: ClearSetup): void {
    const { chain, side } = this.#options;
    const route = this.#route.nodes.map((node) => ({ node, keys: chain.nodes.get(node)?.keys ?? [] }));
    const keys = (side === 'left' ? route.at(-1) : route[0])?.keys ?? [];
    try {
      this.nodes = checkPeerSetup(own, setup, { keys, route, neighbour: leg.neighbour, crypto: nodeCrypto }).nodes.map(({ node }) => node);
      leg.passThrough();
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      leg.close({ code: error.wireCode, message: error.message });
      this.#waiting.shift()?.reject(error);
    }
  }
}
