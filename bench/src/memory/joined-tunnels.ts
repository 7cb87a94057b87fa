/**
 * Two tunnels joined in memory: the protocol without sockets, TLS or kernel. What it costs here is what remains
 * when everything around it is free.
 */
import { randomBytes } from 'node:crypto';
import { HEADROOM, Pool, Tunnel, type Carrier, type Channel, type Side, type TunnelEvent } from '@lstp/core';

/** TLS gives out a record at a time. */
const RECORD_BYTES = 16_384;
const POOL_BYTES = 134_217_728;

interface End {
  readonly tunnel: Tunnel;
  carrier: Carrier;
}

export class JoinedTunnels {
  /** Bytes of data that have arrived at the right end. */
  arrived = 0;
  /** Buffers of data that was acknowledged. */
  readonly #spare: Buffer[] = [];
  readonly #left: End;
  readonly #right: End;
  /** Channels of the left end that take data. */
  readonly #writable = new Set<Channel>();
  /** Channels that ended before they began. */
  readonly #ended = new Set<Channel>();

  constructor(maxChannels: number) {
    const reclaim = (frame: Buffer): void => void this.#spare.push(frame);
    const [left, right] = [newTunnel('left', maxChannels, reclaim), newTunnel('right', maxChannels, reclaim)];
    this.#left = { tunnel: left, carrier: left.addCarrier(factsOf(left, right), now()) };
    this.#right = { tunnel: right, carrier: right.addCarrier(factsOf(right, left), now()) };
    this.run();
  }

  /** Opens a channel from left to right. */
  open(): Channel {
    const channel = this.#left.tunnel.open({ service: 'bench', kind: 'stream', carrier: 'shared' }, undefined, now());
    this.#writable.add(channel);
    return channel;
  }

  /** Ends both directions of a channel in order. */
  finish(channel: Channel): void {
    this.#left.tunnel.finish(channel, now());
    this.#writable.delete(channel);
  }

  /** One write of `bytes` on every channel that takes some. */
  write(bytes: number): void {
    for (const channel of this.#writable) {
      const more = this.#left.tunnel.write(channel, this.#bufferOf(HEADROOM + bytes), HEADROOM, now());
      if (!more) this.#writable.delete(channel);
    }
  }

  /** As an end does: what was acknowledged is written to again. */
  #bufferOf(bytes: number): Buffer {
    const spare = this.#spare.pop();
    return spare?.length === bytes ? spare : Buffer.allocUnsafeSlow(bytes);
  }

  /** Fires what is due and moves bytes both ways until nothing moves any more. */
  run(): void {
    for (const { tunnel } of [this.#left, this.#right]) if (tunnel.deadline <= now()) tunnel.handleTimeout(now());
    while (this.#move(this.#left, this.#right) || this.#move(this.#right, this.#left));
  }

  #move(from: End, to: End): boolean {
    this.#settle(from);
    let moved = false;
    for (let bytes = from.tunnel.pollTransmit(from.carrier, now()); bytes !== undefined; bytes = from.tunnel.pollTransmit(from.carrier, now())) {
      moved = true;
      for (let at = 0; at < bytes.length; at += RECORD_BYTES) to.tunnel.handleBytes(to.carrier, bytes.subarray(at, at + RECORD_BYTES), now());
      this.#settle(to);
    }
    return moved;
  }

  #settle({ tunnel }: End): void {
    for (const event of tunnel.takeEvents()) this.#handle(tunnel, event);
  }

  #handle(tunnel: Tunnel, event: TunnelEvent): void {
    if (event.type === 'carrier-closed') throw new Error(`${tunnel.side}: ${event.message}`);
    if (event.type === 'request') tunnel.accept(event.channel, now());
    else if (event.type === 'begin') this.#begin(tunnel, event.channel);
    else if (event.type === 'writable') this.#writable.add(event.channel);
    else if (event.type === 'data') this.#take(tunnel, event.channel, event.bytes.length);
    else if (event.type === 'end') this.#end(tunnel, event.channel);
  }

  #take(tunnel: Tunnel, channel: Channel, units: number): void {
    this.arrived += units;
    tunnel.taken(channel, units, now());
  }

  /** What was pipelined behind the request is here already, perhaps its end too. */
  #begin(tunnel: Tunnel, channel: Channel): void {
    tunnel.begin(channel, undefined, now());
    if (this.#ended.delete(channel)) tunnel.finish(channel, now());
  }

  /** Each side answers the end of the other with its own, but not before it has begun. */
  #end(tunnel: Tunnel, channel: Channel): void {
    tunnel.taken(channel, 1, now());
    if (channel.state === 'open') tunnel.finish(channel, now());
    else this.#ended.add(channel);
  }
}

const now = (): number => performance.now();

function newTunnel(side: Side, maxChannels: number, reclaim: (frame: Buffer) => void): Tunnel {
  const newInstance = (): string => randomBytes(16).toString('base64url');
  const names = { node: side, software: 'bench', codecs: [], plugins: [] };
  const limits = { maxChannels, pool: new Pool(POOL_BYTES), poolShare: POOL_BYTES, unsentBytes: 131_072, retainBytes: 16_777_216, graceMs: 300_000 };
  return new Tunnel({ side, instance: newInstance(), newInstance, reclaim, spread: false, ...names, ...limits });
}

function factsOf(own: Tunnel, peer: Tunnel): Parameters<Tunnel['addCarrier']>[0] {
  const identity = { id: Buffer.alloc(16, 1).toString('base64url'), slot: 0, rank: [1, 1, 1, 1] };
  const instances = { instance: own.instance, peerInstance: peer.instance, peerEpoch: 1 };
  return { ...identity, ...instances, pingMs: 600_000, proof: Buffer.alloc(32).toString('base64url'), checkProof: () => true };
}
