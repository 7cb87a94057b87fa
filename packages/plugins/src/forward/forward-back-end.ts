/** Connects every channel to the one server that the chain file names. */
import { DIALER, OPTIONS, type BackEnd, type BackEndConnection, type BackEndRequest, type Dialer } from '@lstp/core';
import { inject, injectable } from 'tsyringe';
import type { ForwardOptions } from './forward-options.js';

@injectable()
export class ForwardBackEnd implements BackEnd {
  constructor(
    @inject(OPTIONS) private readonly options: ForwardOptions,
    @inject(DIALER) private readonly dialer: Dialer,
  ) {}

  connect(_request: BackEndRequest, signal: AbortSignal): Promise<BackEndConnection> {
    return this.dialer.connect(this.options.to, signal);
  }
}
