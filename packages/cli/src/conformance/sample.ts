/** What a conformance suite must know of a plugin to use it. */
import type { Socket } from 'node:net';
import type { ChannelCode, Credentials } from '@lstp/core/plugin';

export interface Place {
  /** Empty, and removed afterwards. */
  readonly folder: string;
  /** Where the service listens, if it does: a free port of loopback. */
  readonly listen: string;
  /** Where its server is. */
  readonly to: string;
}

export interface PluginSample {
  /** Keys of a service (monitor, rewriter, login) of the plugin beside `plugin` and `at`, as a chain file has them. None if absent. */
  options?(place: Place): Readonly<Record<string, unknown>>;
  /** The same of an entry of `monitors` or `rewriters`, where the plugin has `attachedOptions` for them. None if absent. */
  attached?(place: Place): Readonly<Record<string, unknown>>;
  readonly frontEnd?: FrontEndSample;
  readonly backEnd?: BackEndSample;
  readonly login?: LoginSample;
}

/** A client of the front end's protocol. Nothing of it is needed where bytes go through from the first on. */
export interface FrontEndSample {
  /**
   * Has a channel opened to `target` (`127.0.0.1:9`). Resolves where the channel's own bytes begin, with those that the
   * front end sent into it by itself, if any. Rejects, or never resolves, when it was refused.
   */
  open?(client: Socket, target: string): Promise<Uint8Array | undefined>;
  /** Throws where `received`, all that a client was sent, does not tell it that the far end refused for `reason`. */
  refused?(reason: ChannelCode, received: Buffer): void;
}

/** The server that the back end connects to. One that gives back what it gets, if absent. */
export interface BackEndSample {
  /** Takes the back end's own words, if it has any; what comes afterwards is given back. */
  accept?(server: Socket): Promise<void>;
  /** Where a back end does not take any bytes: what an application says, and what the server answers when that has ended. */
  readonly conversation?: Conversation;
}

export interface Conversation {
  readonly says: Uint8Array;
  readonly answer: Uint8Array;
}

export interface LoginSample {
  /** Who is verified with the sample's options; what credentials() gives, where the plugin gives any. */
  readonly right: Credentials;
  /** The groups that verify() gives. */
  readonly groups?: readonly string[];
}
