/** Does what applications asked for at the other end: connects, sends datagrams, listens; at the addresses that `allow` permits. */
import {
  ChannelRefusal, DIALER, LISTENERS, OPTIONS,
  type BackEnd, type BackEndConnection, type BackEndListening, type BackEndRequest, type DatagramBackEndConnection, type DatagramBackEndRequest, type Dialer, type ListenBackEndRequest, type Listeners, type TargetAddress,
} from '@lstp/core';
import { inject, injectable } from 'tsyringe';
import { listenForPeer } from './peer-listener.js';
import type { SocksOptions } from './socks-options.js';
import { connectUdp } from './udp-flow.js';

/** Listeners that wait at once, for one service. */
const MAX_LISTENERS = 256;

@injectable()
export class SocksBackEnd implements BackEnd {
  /** Each ends one. */
  readonly #listening = new Set<() => void>();

  constructor(
    @inject(OPTIONS) private readonly options: SocksOptions,
    @inject(DIALER) private readonly dialer: Dialer,
    @inject(LISTENERS) private readonly listeners: Listeners,
  ) {}

  connect(request: BackEndRequest, signal: AbortSignal): Promise<BackEndConnection> {
    return this.dialer.connect(addressesOf(request), signal);
  }

  async connectDatagrams(request: DatagramBackEndRequest, signal: AbortSignal): Promise<DatagramBackEndConnection> {
    if (!this.options.udp) throw new ChannelRefusal('denied', 'the service has udp: false');
    return connectUdp(addressesOf(request), request, signal);
  }

  async listen(request: ListenBackEndRequest): Promise<BackEndListening> {
    if (!this.options.bind) throw new ChannelRefusal('denied', 'the service has bind: false');
    if (this.#listening.size >= MAX_LISTENERS) throw new ChannelRefusal('limit', `${MAX_LISTENERS} listeners wait already`);
    const end = (): void => request.close('shutting-down');
    this.#listening.add(end);
    try {
      const { bound, close } = await listenForPeer(addressesOf(request), request, this.listeners);
      return {
        bound,
        close: () => {
          this.#listening.delete(end);
          close();
        },
      };
    } catch (error) {
      this.#listening.delete(end);
      throw error;
    }
  }

  /** Nobody connects any more; connections and flows go on. */
  async stop(): Promise<void> {
    for (const end of this.#listening) end();
  }
}

function addressesOf({ addresses = [] }: BackEndRequest): readonly TargetAddress[] {
  if (addresses.length === 0) throw new ChannelRefusal('denied', 'no target is named');
  return addresses;
}
