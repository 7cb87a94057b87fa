/** What is wrong with an HTTP message, or why it cannot be answered as asked; becomes the status of the answer. */
export class HttpFault extends Error {
  readonly code = 'ERR_LSTP_HTTP_MESSAGE';

  constructor(
    readonly status: number,
    /** One line for whoever reads the answer. */
    message: string,
  ) {
    super(message);
    this.name = 'HttpFault';
  }
}
