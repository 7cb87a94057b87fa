/** What simulated ends and middles have in common: a name, a key, legs taken and dialed, standby legs kept. */
import type { Signer } from '../../../src/protocol/crypto.js';
import type { LegUse } from '../../../src/protocol/leg-hello.js';
import { SimLeg } from './sim-leg.js';
import type { SimSocket, SimWorld } from './sim-world.js';

export abstract class SimNode {
  readonly signer: Signer;
  readonly legs = new Set<SimLeg>();
  protected isUp = false;
  #started = 0;

  constructor(
    readonly name: string,
    readonly world: SimWorld,
    /** Names of the nodes whose keys are pinned here. */
    readonly neighbours: readonly string[],
  ) {
    this.signer = world.signerOf(name);
  }

  start(): void {
    this.isUp = true;
    this.#started = Math.floor(this.world.now);
    this.world.listen(this.name, (socket) => this.#accept(socket));
    this.begin();
  }

  /** As when the process is killed. */
  stop(): void {
    this.isUp = false;
    this.world.unlisten(this.name);
    for (const leg of this.legs) leg.close();
    this.legs.clear();
  }

  get isRunning(): boolean {
    return this.isUp;
  }

  protected abstract begin(): void;
  /** A neighbour's leg is authenticated, or brings a set-up. */
  protected abstract own(leg: SimLeg, neighbour: string): void;

  protected neighbourOf(leg: SimLeg): string | undefined {
    return this.neighbours.find((name) => this.world.keyOf(name) === leg.leg.peer?.key);
  }

  protected dial(neighbour: string, use: LegUse, onLeg: (leg: SimLeg | undefined) => void): void {
    this.world.connect(neighbour, (socket) => {
      if (socket === undefined) return onLeg(undefined);
      if (!this.isUp) return socket.close();
      const pins = [this.world.keyOf(neighbour)];
      return onLeg(this.#track(new SimLeg(this.world, socket, { ...this.#common(), role: 'dialer', pins, use, started: this.#started })));
    });
  }

  /** One idle standby leg at `neighbour`, replaced when it was used or lost. */
  protected keepStandby(neighbour: string, onUsed: (leg: SimLeg) => void): void {
    const again = () => this.world.after(50, () => this.isUp && this.keepStandby(neighbour, onUsed));
    this.dial(neighbour, 'standby', (leg) => {
      if (leg === undefined) return again();
      leg.onEvent = (event) => {
        if (event.type === 'lost' || event.type === 'error' || event.type === 'failed') again();
        if (event.type !== 'setup') return;
        onUsed(leg);
        leg.onEvent(event);
        again();
      };
    });
  }

  #accept(socket: SimSocket): void {
    const admits = (key: string) => this.neighbours.some((name) => this.world.keyOf(name) === key);
    const leg = this.#track(new SimLeg(this.world, socket, { ...this.#common(), role: 'acceptor', admits }));
    leg.onEvent = (event) => {
      if (event.type === 'authenticated') this.own(leg, this.neighbourOf(leg) as string);
    };
  }

  #track(leg: SimLeg): SimLeg {
    this.legs.add(leg);
    return leg;
  }

  #common() {
    return { crypto: this.world.crypto, signer: this.signer, node: this.name, pingMs: 1000, now: this.world.now };
  }
}
