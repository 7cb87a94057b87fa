/** Connects every channel to where its request wants to go, as far as `allow` permits. */
import { ChannelRefusal, DIALER, type BackEnd, type BackEndConnection, type BackEndRequest, type Dialer } from '@lstp/core';
import { inject, injectable } from 'tsyringe';

@injectable()
export class HttpProxyBackEnd implements BackEnd {
  constructor(@inject(DIALER) private readonly dialer: Dialer) {}

  connect({ target, addresses }: BackEndRequest, signal: AbortSignal): Promise<BackEndConnection> {
    if (addresses === undefined) return Promise.reject(new ChannelRefusal('denied', `${target ?? 'no target'} was not permitted`));
    return this.dialer.connect(addresses, signal);
  }
}
