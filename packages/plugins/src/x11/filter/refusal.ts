/** A request that is not let through. */
export interface Refusal {
  /** Which key of the policy (or other cause) refuses it. */
  readonly rule: string;
  readonly instead: Instead;
}

/** What the client gets in place of what it asked for. */
export type Instead = Answered | { readonly kind: 'silence' };

export type Answered =
  /** The X error with this code; `resource` is what the request was about. */
  | { readonly kind: 'error'; readonly code: number; readonly resource: number }
  /** A reply with nothing in it: of GetProperty, that there is no such property. */
  | { readonly kind: 'empty' }
  /** The event that says that nobody can serve a ConvertSelection. */
  | { readonly kind: 'no selection'; readonly time: number; readonly requestor: number; readonly selection: number; readonly target: number };

/** Codes of X errors (X Protocol, appendix B, "Errors"). */
export const X_ERROR = { request: 1, access: 10 } as const;

/** Tells of a request that was refused, or of an extension that a client was told is not there. */
export interface Denied {
  /** `GetImage`, `RANDR CreateLease`, `extension MIT-SHM`; by numbers where no table has it. */
  readonly request: string;
  readonly rule: string;
  /** The window, pixmap or other thing that it was about. */
  readonly resource?: number;
}
