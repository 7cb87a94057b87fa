/** What both sides of a WebSocket of a leg have in common. */
import { createHash } from 'node:crypto';

/** The subprotocol: a web server's log shows who speaks, and another WebSocket is not taken for a leg. */
export const SUBPROTOCOL = 'lstp-leg.1';

/** RFC 6455, section 4.1. */
export const VERSION = '13';

/** Of one message. A carrier's frames are up to 65 624 bytes on the wire: they must not need two. */
export const MESSAGE_BYTES = 131_072;

/** RFC 6455, section 5.2. */
export const OPCODES = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** RFC 6455, section 7.4.1. */
export const CLOSE_CODES = { normal: 1000, protocol: 1002, unsupported: 1003, tooLong: 1009 } as const;

/** What proves that the other side read the key of the request: RFC 6455, section 4.2.2. */
export function acceptOf(key: string): string {
  return createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
}
