/**
 * Frames of channels: each message has its handler here. What a positioned frame does to its channel is in channel.ts.
 * Specification: docs/spec.md, the section of each message.
 */
import type { Carrier } from './carrier.js';
import type { CarrierSet } from './carrier-set.js';
import type { Channel, ChannelHost } from './channel.js';
import type { ChannelSet } from './channel-set.js';
import { ProtocolError, type ChannelCode } from './error.js';
import { decodeJson, decodeNumbers, decodePositioned, type Frame } from './frame.js';
import type { TunnelContext } from './tunnel-context.js';

export class ChannelFrames implements ChannelHost {
  readonly #context: TunnelContext;
  readonly #channels: ChannelSet;
  readonly #carriers: CarrierSet;
  /** Whether new requests are refused. */
  closing = false;

  constructor(context: TunnelContext, channels: ChannelSet, carriers: CarrierSet) {
    this.#context = context;
    this.#channels = channels;
    this.#carriers = carriers;
  }

  /** A frame on a living carrier. False: it is not one of channels. Throws ProtocolError. */
  handle(carrier: Carrier, frame: Frame): boolean {
    switch (frame.name) {
      case 'SERVICE_DATA':
        this.#handleServiceData(carrier, frame);
        return true;
      case 'SERVICE_DATA_RESUME':
        this.#handleServiceDataResume(frame);
        return true;
      case 'SERVICE_DATA_PAUSE':
        this.#handleServiceDataPause(frame);
        return true;
      case 'CONNECTION_REQUEST':
        this.#handleConnectionRequest(carrier, frame);
        return true;
      case 'CONNECTION_ACK':
      case 'CONNECTION_NACK':
      case 'SERVICE_BEGIN_REQUEST':
      case 'SERVICE_BEGIN_ACK':
      case 'SERVICE_BEGIN_NACK':
        this.#handlePositioned(carrier, frame);
        return true;
      case 'SERVICE_FREE_REQUEST':
        this.#handleServiceFreeRequest(carrier, frame);
        return true;
      case 'SERVICE_FREE_RESPONSE':
        this.#handleServiceFreeResponse(frame);
        return true;
      default:
        return false;
    }
  }

  #handleServiceData(carrier: Carrier, frame: Frame): void {
    const channel = this.#heldChannel(frame);
    if (channel === undefined) return;
    if (!channel.handleServiceData(frame, this, carrier.arriving)) return this.#overrun(carrier);
    this.#channels.acknowledgeArrival(channel);
  }

  /** CONNECTION_ACK and _NACK, SERVICE_BEGIN_REQUEST, _ACK and _NACK, and a CONNECTION_REQUEST that came again. */
  #handlePositioned(carrier: Carrier, frame: Frame): void {
    const channel = this.#heldChannel(frame);
    if (channel === undefined) return;
    if (!channel.handleControl(frame, this)) return this.#overrun(carrier);
    this.#channels.acknowledgeArrival(channel);
    this.#channels.schedule(channel);
  }

  #handleConnectionRequest(carrier: Carrier, frame: Frame): void {
    const { table, own, peerOpen } = this.#channels;
    if (table.lookup(frame.channel) !== undefined) return this.#handlePositioned(carrier, frame);
    if (!table.isNew(frame.channel)) {
      this.#channels.dropped += 1;
      return;
    }
    const { position, body } = decodePositioned('CONNECTION_REQUEST', frame.payload);
    const { maxChannels } = this.#context.options;
    if (position !== 0) throw new ProtocolError('PROTOCOL', `CONNECTION_REQUEST.position: ${position}, a channel begins at 0`);
    if (peerOpen >= maxChannels) throw new ProtocolError('LIMIT', `CONNECTION_REQUEST: more than the ${maxChannels} channels that PROPERTY_EXCHANGE allows`);
    const before = own.check(body);
    if (before !== undefined) this.#channels.shareLead(before);
    const channel = this.#channels.create({ id: frame.channel, opener: false, request: body, sendLimit: body.window });
    channel.handleControl(frame, this);
    this.#channels.acknowledgeArrival(channel);
    this.#channels.schedule(channel);
  }

  #handleServiceDataResume(frame: Frame): void {
    const channel = this.#heldChannel(frame);
    if (channel === undefined) return;
    const [received, limit] = decodeNumbers('SERVICE_DATA_RESUME', frame.payload) as [number, number];
    const goesBack = received < channel.out.acknowledged || limit < channel.out.limit;
    if (goesBack && !this.severalCarriers) throw new ProtocolError('PROTOCOL', `SERVICE_DATA_RESUME of channel ${channel.id} goes back`);
    this.#channels.handleAcknowledged(channel, received, limit);
  }

  #handleServiceDataPause(frame: Frame): void {
    const [limit] = decodeNumbers('SERVICE_DATA_PAUSE', frame.payload) as [number];
    this.#heldChannel(frame)?.out.pause(limit);
  }

  /**
   * Answered on the carrier on which it came: if the answer is lost, that carrier was, and the request comes again. Also
   * when ours crossed it: that may have been lost with another carrier.
   */
  #handleServiceFreeRequest(carrier: Carrier, frame: Frame): void {
    const { reason, message = '' } = decodeJson('SERVICE_FREE_REQUEST', frame.payload);
    const channel = this.#channels.table.lookup(frame.channel);
    carrier.answer('SERVICE_FREE_RESPONSE', frame.channel);
    if (channel === undefined) return this.#channels.table.bury(frame.channel);
    if (channel.state === 'freeing') return this.#channels.release(channel, reason);
    if (reason === 'done' && !channel.endable) throw new ProtocolError('PROTOCOL', `SERVICE_FREE_REQUEST: channel ${channel.id} is not done`);
    this.#channels.release(channel, reason);
    this.#context.emit({ type: 'closed', channel, reason, message });
  }

  #handleServiceFreeResponse(frame: Frame): void {
    const { table } = this.#channels;
    const channel = table.lookup(frame.channel);
    if (channel === undefined) return table.checkKnown(frame.channel, frame.name);
    if (channel.state !== 'freeing') throw new ProtocolError('PROTOCOL', `SERVICE_FREE_RESPONSE for channel ${channel.id}, which is ${channel.state}`);
    this.#channels.release(channel, channel.reason ?? 'done');
  }

  /** The held channel of a frame; undefined, and counted, for one that had just ended. */
  #heldChannel(frame: Frame): Channel | undefined {
    const channel = this.#channels.table.lookup(frame.channel);
    if (channel !== undefined && channel.state !== 'freeing') return channel;
    if (channel === undefined) this.#channels.table.checkKnown(frame.channel, frame.name);
    this.#channels.dropped += 1;
    return undefined;
  }

  /** Too much waits for a slower carrier. Without this one, all of it is sent again in order. */
  #overrun(carrier: Carrier): void {
    this.#carriers.fail(carrier, 'LIMIT', 'too much arrived before its turn');
  }

  // --- ChannelHost: what a channel reports

  get severalCarriers(): boolean {
    return this.#carriers.several;
  }

  requested(channel: Channel): void {
    if (this.closing) channel.refuse('shutting-down', 'the tunnel is shutting down');
    else this.#context.emit({ type: 'request', channel });
  }

  /** The peer had the own carrier when it granted the channel; if that is gone here, it will not come back. */
  granted(channel: Channel): void {
    if (channel.ownSlot !== undefined && !this.#carriers.hasSlot(channel.ownSlot)) this.#channels.shareLead(channel);
  }

  begun(channel: Channel): void {
    this.#context.emit({ type: 'begin', channel });
  }

  connected(channel: Channel, bound: string | undefined): void {
    this.#context.emit({ type: 'connected', channel, bound });
  }

  refused(channel: Channel, code: ChannelCode, message: string): void {
    this.#channels.end(channel, code === 'done' ? 'refused' : code, message);
  }

  data(channel: Channel, bytes: Buffer): void {
    this.#context.emit({ type: 'data', channel, bytes });
  }

  ended(channel: Channel): void {
    this.#context.emit({ type: 'end', channel });
    this.#channels.acknowledgeEnd(channel);
  }
}
