import type { NodeStatus, PublicKey, ReloadReport, RunningNode } from '@lstp/core';

/** A running node as its control socket sees it. */
export interface ControlledNode {
  readonly name: string;
  readonly publicKey: PublicKey;
  /** Absolute paths of the chain files it runs from. */
  readonly files: readonly string[];
  readonly running: RunningNode;
  /** Reads the files again and takes them over. Rejects, with nothing changed, when they are wrong. */
  reload(): Promise<ReloadReport>;
}

/** What `/status` answers. */
export interface ControlStatus extends NodeStatus {
  readonly files: readonly string[];
}

/** How a channel of `lstp connect` ended, as `/connect/ID` answers. */
export interface ConnectOutcome {
  readonly code: string;
  readonly message?: string;
}
