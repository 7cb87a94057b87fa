/** A join whose bytes are seen by monitors. Of its own, so that others have nothing to do with them. */
import type { Channel } from '@lstp/core';
import { ChannelJoin, type JoinHost } from './channel-join.js';
import type { ChannelWatches } from './channel-watches.js';

export class WatchedJoin extends ChannelJoin {
  readonly #watches: ChannelWatches;

  constructor(host: JoinHost, channel: Channel, watches: ChannelWatches) {
    super(host, channel, (bytes) => watches.outgoing(bytes));
    this.#watches = watches;
    void this.closed.then((reason) => watches.closed(reason));
  }

  override handleData(bytes: Buffer, followed: boolean): void {
    this.#watches.incoming(bytes);
    super.handleData(bytes, followed);
  }
}
