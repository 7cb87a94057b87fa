/** What an application asks a SOCKS server for, whatever the version. */
import type { SocksAddress } from './socks-address.js';

export type SocksCommand = 'connect' | 'bind' | 'associate';

export interface SocksRequest extends SocksAddress {
  readonly version: 4 | 5;
  readonly command: SocksCommand;
}

/** The command of a number; undefined for what there is none. ASSOCIATE is version 5's alone. */
export function commandOf(version: 4 | 5, number: number | undefined): SocksCommand | undefined {
  const commands: readonly SocksCommand[] = version === 4 ? ['connect', 'bind'] : ['connect', 'bind', 'associate'];
  return commands[(number ?? 0) - 1];
}
