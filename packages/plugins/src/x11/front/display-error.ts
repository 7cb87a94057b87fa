/** Why a display cannot be had, for people. */

export type DisplayFault = Error & { readonly code: 'ERR_LSTP_DISPLAY'; readonly isTaken: boolean };

/** `isTaken`: another number may be free. */
export function displayInUse(what: string, why: string): DisplayFault {
  return fault(`cannot listen on ${what}: ${why}; choose another with "display:", or leave that out for the first free one`, true);
}

export function displayFault(what: string, why: string): DisplayFault {
  return fault(`cannot listen on ${what}: ${why}`, false);
}

export function isTaken(error: unknown): boolean {
  return error instanceof Error && 'isTaken' in error && error.isTaken === true;
}

function fault(message: string, isTaken: boolean): DisplayFault {
  return Object.assign(new Error(message), { code: 'ERR_LSTP_DISPLAY' as const, isTaken });
}
