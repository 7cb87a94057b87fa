/** Why a UDP socket cannot listen, and what to do about it. */
import { formatHostPort, type TargetAddress } from '@lstp/core';

export function listenError(error: NodeJS.ErrnoException, address: TargetAddress): Error {
  const remedy = REMEDIES[error.code ?? ''] ?? error.message;
  return Object.assign(new Error(`cannot listen on ${formatHostPort(address)} (udp): ${remedy}`), { code: 'ERR_LSTP_LISTEN', cause: error });
}

const REMEDIES: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the address is in use; stop what listens there, or choose another port',
  EACCES: 'permission denied; ports below 1024 need rights that this process does not have',
  EADDRNOTAVAIL: 'this machine does not have that address',
  ENOTFOUND: 'the name does not resolve',
};
