import { waitForNode } from '../control/find-node.js';
import { loadOptionalChain } from '../load-chains.js';
import { statusText } from '../text/status-text.js';

export interface StatusOptions {
  readonly as?: string;
  readonly json?: true;
  /** Seconds. */
  readonly wait: number;
}

/** `lstp status`: prints what a running node says of itself. */
export async function status(file: string | undefined, options: StatusOptions): Promise<void> {
  const chain = await loadOptionalChain(file, options.as);
  const found = await waitForNode({ node: options.as, chain }, options.wait * 1000);
  process.stdout.write(options.json ? `${JSON.stringify(found.status, undefined, 2)}\n` : statusText(found.status));
}
