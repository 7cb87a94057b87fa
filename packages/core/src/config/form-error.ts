/** A text is not of the form it should have. Says what is wrong and what would be right; config/ adds the place. */
export class FormError extends Error {
  readonly code = 'ERR_LSTP_FORM';

  constructor(
    message: string,
    /** Where in the text, in UTF-16 units from 0. */
    readonly offset = 0,
  ) {
    super(message);
    this.name = 'FormError';
  }
}
