/** What a tunnel reports. Taken with Tunnel.takeEvents() after each call that may cause some. */
import type { Carrier } from './carrier.js';
import type { Channel } from './channel.js';
import type { ChannelCode, WireCode } from './error.js';

export type TunnelEvent =
  /** A first carrier is alive / the last one is gone. */
  | { readonly type: 'established' }
  | { readonly type: 'interrupted' }
  | { readonly type: 'carrier-alive'; readonly carrier: Carrier }
  /** Write `farewell`, if any, and close it. `code` and `message` say why; `since`: the peer knows a process of this end with this epoch. */
  | { readonly type: 'carrier-closed'; readonly carrier: Carrier; readonly code: WireCode; readonly message: string; readonly since?: number; readonly farewell?: Buffer }
  /** Both ends bring an additional carrier for `slot`, until `until`. */
  | { readonly type: 'slot-wanted'; readonly slot: number; readonly until: number }
  | { readonly type: 'slot-unwanted'; readonly slot: number }
  /** The peer asks for a channel: accept() or refuse(). */
  | { readonly type: 'request'; readonly channel: Channel }
  /** Connect to the real server, then begin() or refuse(). */
  | { readonly type: 'begin'; readonly channel: Channel }
  /** The far end has connected. */
  | { readonly type: 'connected'; readonly channel: Channel; readonly bound: string | undefined }
  /** `bytes` is a view into the chunk that was handed in; write it on before the next handleBytes(). Then taken(). */
  | { readonly type: 'data'; readonly channel: Channel; readonly bytes: Buffer }
  /** No more data comes; tell the local socket, then taken(channel, 1). */
  | { readonly type: 'end'; readonly channel: Channel }
  /** write() may be called again. */
  | { readonly type: 'writable'; readonly channel: Channel }
  /** `done`: what has arrived is still to be written to the local socket. Any other reason: destroy it. */
  | { readonly type: 'closed'; readonly channel: Channel; readonly reason: ChannelCode; readonly message: string }
  /** The association is over, and `ended` channels with it, why says `message`. After the `closed` of each. */
  | { readonly type: 'dissociated'; readonly reason: ChannelCode; readonly message: string; readonly ended: number }
  /** The association was reset: Tunnel.instance is a new one, to be used in the next COMMONUNIQUE_INFO. */
  | { readonly type: 'instance' }
  /** The peer ends the tunnel in an orderly way. */
  | { readonly type: 'peer-shutdown'; readonly deadlineMs: number }
  /** Our own shutdown is complete. */
  | { readonly type: 'ended' };
