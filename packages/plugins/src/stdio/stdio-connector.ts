/** Joins the two ends of a command's standard input and output to a channel: the front end behind `lstp connect`. */
import type { Duplex } from 'node:stream';
import { CHANNELS, type ChannelOpener, type ChannelRequest, type Connector, type JoinedChannel } from '@lstp/core';
import { inject, injectable } from 'tsyringe';

@injectable()
export class StdioConnector implements Connector {
  constructor(@inject(CHANNELS) private readonly channels: ChannelOpener) {}

  connect(stream: Duplex, request: ChannelRequest): JoinedChannel {
    return this.channels.join(stream, request);
  }
}
