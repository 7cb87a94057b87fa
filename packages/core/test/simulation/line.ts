/** What an end sees of one carrier's connection: a plain simulated socket, or one that was secured over relays. */
import type { SocketHandlers } from './socket.js';

export interface Line {
  /** Deliveries to this end wait until then: its process stands still. */
  frozenUntil: number;
  readonly closed: boolean;
  /** Bytes it takes now. */
  readonly room: number;
  attach(handlers: SocketHandlers): void;
  write(bytes: Buffer): void;
  close(farewell?: Buffer): void;
}
