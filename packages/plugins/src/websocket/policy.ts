/** What both sides of a WebSocket of a leg have in common. */
import type { ClientOptions, ServerOptions } from 'ws';

/** The subprotocol: a web server's log shows who speaks, and another WebSocket is not taken for a leg. */
export const SUBPROTOCOL = 'lstp-leg.1';

/** Of one message. A carrier's frames are up to 65 624 bytes on the wire: they must not need two. */
export const MESSAGE_BYTES = 131_072;

/** No compression: what legs carry is encrypted. Pings are answered by WebSocketStream, within bounds. */
export const OPTIONS = {
  perMessageDeflate: false,
  maxPayload: MESSAGE_BYTES,
  skipUTF8Validation: true,
  autoPong: false,
} satisfies ClientOptions & ServerOptions;

/**
 * The masking key of every message: zeros, which is no change. Masking is there so that a script in a browser cannot choose the
 * bytes that a proxy on the way sees (RFC 6455, section 10.3). What goes here is chosen by no script: frames of set-up, then
 * records of TLS. It would cost both sides more than TLS does.
 */
export function noMask(mask: Buffer): void {
  mask.fill(0);
}
