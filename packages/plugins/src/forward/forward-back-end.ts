/** Connects every channel to the server that the chain file names, or to the first of several that works. */
import { addressInSpan, CLOCK, DIALER, OPTIONS, type BackEnd, type BackEndConnection, type BackEndRequest, type Clock, type Dialer } from '@lstp/core';
import type { Socket } from 'node:net';
import { inject, injectable } from 'tsyringe';
import { Failover } from './failover.js';
import { targetsOf, type ForwardOptions } from './forward-options.js';
import { proxyHeader } from './proxy-header.js';

@injectable()
export class ForwardBackEnd implements BackEnd {
  /** By the number of the port. */
  readonly #failovers = new Map<number, Failover>();

  constructor(
    @inject(OPTIONS) private readonly options: ForwardOptions,
    @inject(DIALER) private readonly dialer: Dialer,
    @inject(CLOCK) private readonly clock: Clock,
  ) {}

  connect({ target, source }: BackEndRequest, signal: AbortSignal): Promise<BackEndConnection> {
    const { to, proxyProtocol } = this.options;
    if (proxyProtocol !== undefined) return this.#announce(source, this.#dial(target, signal));
    return Array.isArray(to) || to.kind === 'ports' ? this.#dial(target, signal) : this.dialer.connect(to, signal);
  }

  #dial(target: string | undefined, signal: AbortSignal): Promise<{ readonly stream: Socket; readonly bound: string }> {
    const number = Number(target ?? 0);
    const known = this.#failovers.get(number);
    if (known !== undefined) return known.connect(signal);
    const addresses = targetsOf(this.options).map((one) => (one.kind === 'ports' ? addressInSpan(one, number) : one));
    const [only] = addresses;
    if (addresses.length === 1 && only !== undefined) return this.dialer.connect(only, signal);
    const failover = new Failover(addresses, this.dialer, this.clock);
    this.#failovers.set(number, failover);
    return failover.connect(signal);
  }

  /** In front of every byte of the application. */
  async #announce(source: string | undefined, dialed: Promise<{ readonly stream: Socket; readonly bound: string }>): Promise<BackEndConnection> {
    const { proxyProtocol } = this.options;
    const { stream, bound } = await dialed;
    const { remoteAddress, remotePort } = stream;
    if (proxyProtocol !== undefined) stream.write(proxyHeader(proxyProtocol, { source, destination: remoteAddress === undefined ? undefined : { host: remoteAddress, port: remotePort ?? 0 } }));
    return { stream, bound };
  }
}
