/** What came is no X protocol, or none that can be followed: nothing sure can be said of what comes after it. */
export class X11StreamError extends Error {
  readonly code = 'ERR_LSTP_X_STREAM';

  constructor(message: string) {
    super(`${message}; this connection cannot be followed`);
    this.name = 'X11StreamError';
  }
}
