/** What a SOCKS proxy answers when it does not connect, in words and with what to do about it. */
import type { LegErrorCode } from '../leg-handshake/leg-error.js';
import { shownBytes } from '../leg-handshake/shown-bytes.js';

export interface Refusal {
  readonly code: LegErrorCode;
  /** Goes on behind the proxy's name. */
  readonly text: string;
}

/** By the number of the reply (RFC 1928, section 6), as the library spells it. */
const SOCKS5: Readonly<Record<string, (target: string) => Refusal>> = {
  Failure: (target) => ({ code: 'ERR_LSTP_PROXY_TARGET', text: `could not connect to ${target}: general failure (SOCKS 5 reply 1)` }),
  NotAllowed: (target) => ({ code: 'ERR_LSTP_PROXY_REFUSED', text: `does not allow connections to ${target} by its rules (SOCKS 5 reply 2)` }),
  NetworkUnreachable: (target) => ({ code: 'ERR_LSTP_PROXY_TARGET', text: `has no route to the network of ${target} (SOCKS 5 reply 3)` }),
  HostUnreachable: (target) => ({ code: 'ERR_LSTP_PROXY_TARGET', text: `does not reach the host of ${target}, or does not know its name (SOCKS 5 reply 4)` }),
  ConnectionRefused: (target) => ({ code: 'ERR_LSTP_PROXY_TARGET', text: `was refused by ${target}: nothing listens there (SOCKS 5 reply 5)` }),
  TTLExpired: (target) => ({ code: 'ERR_LSTP_PROXY_TARGET', text: `got no answer from ${target} in time (SOCKS 5 reply 6)` }),
  CommandNotSupported: () => ({ code: 'ERR_LSTP_PROXY_REFUSED', text: 'does not know the command CONNECT (SOCKS 5 reply 7)' }),
  AddressNotSupported: (target) => ({ code: 'ERR_LSTP_PROXY_REFUSED', text: `does not take the kind of address that ${target} is (SOCKS 5 reply 8)` }),
};

const SOCKS4: Readonly<Record<string, (target: string) => Refusal>> = {
  Failed: (target) => ({ code: 'ERR_LSTP_PROXY_REFUSED', text: `refused the connection to ${target}, or it failed (SOCKS 4 reply 91)` }),
  Rejected: () => ({ code: 'ERR_LSTP_PROXY_AUTH', text: 'refused: it cannot ask an identd here who we are (SOCKS 4 reply 92)' }),
  RejectedIdent: () => ({ code: 'ERR_LSTP_PROXY_AUTH', text: 'refused: the identd here names another user than the egress (SOCKS 4 reply 93)' }),
};

/** Of what the library says, and of the last bytes that came back. */
export function refusalOf(said: string, { target, hasUser, seen }: { readonly target: string; readonly hasUser: boolean; readonly seen: Buffer }): Refusal {
  const reply = /rejected connection - \(?(\w+)\)?$/.exec(said)?.[1] ?? '';
  const known = (said.startsWith('Socks4') ? SOCKS4 : SOCKS5)[reply];
  if (known !== undefined) return known(target);
  if (/no accepted authentication type/i.test(said)) return noMethod(hasUser);
  if (/authentication failed/i.test(said)) return { code: 'ERR_LSTP_PROXY_AUTH', text: 'does not accept user and password; correct them in the egress' };
  if (/rejected connection/i.test(said)) return { code: 'ERR_LSTP_PROXY_ANSWER', text: `answered what is no reply of SOCKS: ${shownBytes(seen)}` };
  return { code: 'ERR_LSTP_PROXY_ANSWER', text: `does not speak SOCKS of this version: it answered ${shownBytes(seen)}` };
}

function noMethod(hasUser: boolean): Refusal {
  const text = hasUser ? 'takes neither user and password nor none; it may want another method (GSSAPI), which lstp does not have' : 'wants user and password; write socks5://USER:PASSWORD@HOST:PORT';
  return { code: 'ERR_LSTP_PROXY_AUTH', text };
}
