/** What the parts of one tunnel share: its options, the time of the call that is being handled, and where they report. */
import type { TunnelEvent } from './tunnel-event.js';
import type { TunnelOptions } from './tunnel-options.js';

export class TunnelContext {
  readonly options: TunnelOptions;
  /** In milliseconds; set by every call into the tunnel. */
  now = 0;
  #events: TunnelEvent[] = [];

  constructor(options: TunnelOptions) {
    this.options = options;
  }

  emit(event: TunnelEvent): void {
    this.#events.push(event);
  }

  takeEvents(): TunnelEvent[] {
    const events = this.#events;
    if (events.length > 0) this.#events = [];
    return events;
  }
}
