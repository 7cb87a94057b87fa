/** Drives a Leg over a simulated socket, as io/ does over a real one. */
import type { LegEvent, LegOptions } from '../../../src/protocol/leg-event.js';
import { Leg } from '../../../src/protocol/leg.js';
import type { SimSocket, SimWorld } from './sim-world.js';

/** `lost` comes once, unless the owner closed the leg itself. */
export type SimLegEvent = LegEvent | { readonly type: 'lost' };

export class SimLeg {
  readonly leg: Leg;
  readonly socket: SimSocket;
  onEvent: (event: SimLegEvent) => void = () => undefined;
  readonly #world: SimWorld;
  #held: Buffer[] = [];
  #isMarked = false;
  #isOver = false;
  #raw: ((bytes: Buffer) => void) | undefined;
  #armedFor: number | undefined;

  constructor(world: SimWorld, socket: SimSocket, options: LegOptions) {
    this.#world = world;
    this.socket = socket;
    this.leg = new Leg(options);
    socket.onData = (chunk) => this.#handleData(chunk);
    socket.onClose = () => this.#finish();
    world.after(0, () => this.flush());
  }

  /** Does something with the leg, then sends what came of it: all that is due goes through `edit`. */
  command(act: (leg: Leg) => void, edit: (bytes: Buffer) => Buffer = (bytes) => bytes): void {
    if (this.#isOver) return;
    act(this.leg);
    this.flush(edit);
  }

  flush(edit: (bytes: Buffer) => Buffer = (bytes) => bytes): void {
    for (let event = this.leg.pollEvent(); event !== undefined; event = this.leg.pollEvent()) this.#handleEvent(event);
    const bytes = this.leg.pollTransmit();
    if (bytes !== undefined) this.socket.write(edit(bytes));
    if (this.#isOver) this.socket.close();
    else this.#arm();
  }

  /** From here on bytes go to `onRaw`; those that came behind PASS_THROUGH first. */
  release(onRaw: (bytes: Buffer) => void): void {
    this.#raw = onRaw;
    for (const bytes of this.#held.splice(0)) onRaw(bytes);
  }

  writeRaw(bytes: Buffer): void {
    this.socket.write(bytes);
  }

  /** Ends the leg; no event follows. */
  close(error?: Parameters<Leg['fail']>[0]): void {
    if (this.#isOver) return;
    if (error !== undefined && !this.leg.transparent) this.leg.fail(error);
    this.#isOver = true;
    this.flush();
  }

  #handleData(chunk: Buffer): void {
    if (this.#isOver) return;
    if (this.#raw !== undefined) return this.#raw(chunk);
    if (this.#isMarked) return void this.#held.push(chunk);
    this.leg.handleBytes(chunk, this.#world.now);
    return this.flush();
  }

  #handleEvent(event: LegEvent): void {
    if (event.type === 'pass-through') {
      this.#isMarked = true;
      const rest = this.leg.takeRest();
      if (rest.length > 0) this.#held.push(rest);
    }
    if (event.type === 'error' || event.type === 'failed') this.#isOver = true;
    this.onEvent(event);
  }

  #finish(): void {
    this.socket.close();
    if (this.#isOver) return;
    this.#isOver = true;
    this.onEvent({ type: 'lost' });
  }

  /** As io/leg-connection.ts: a deadline that is put off is looked at again, one that comes nearer moves the timer. */
  #arm(): void {
    const deadline = this.leg.pollTimeout();
    if (deadline === undefined || (this.#armedFor !== undefined && this.#armedFor <= deadline)) return;
    this.#armedFor = deadline;
    this.#world.after(deadline - this.#world.now, () => {
      if (this.#isOver || this.#armedFor !== deadline) return;
      this.#armedFor = undefined;
      this.leg.handleTimeout(this.#world.now);
      this.flush();
    });
  }
}
