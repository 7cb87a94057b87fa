/** Something is wrong with a key file; the message says what, where, and which command puts it right. */
export type KeyErrorCode =
  | 'ERR_LSTP_KEY_MISSING'
  | 'ERR_LSTP_KEY_EXPOSED'
  | 'ERR_LSTP_KEY_CONTENT'
  | 'ERR_LSTP_KEY_EXISTS'
  | 'ERR_LSTP_KEY_FILE'
  | 'ERR_LSTP_KEY_MISMATCH';

export class KeyError extends Error {
  constructor(
    readonly code: KeyErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'KeyError';
  }
}
