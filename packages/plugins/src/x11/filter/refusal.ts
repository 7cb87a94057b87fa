/** What a request gets that is not let through. */
export type Refusal = ErrorRefusal | SelectionRefusal | SilentRefusal;

interface Refused {
  /** Which key of the policy (or other cause) refuses it. */
  readonly rule: string;
}

/** The X error with this code; `resource` is what the request was about, as X errors say. */
export interface ErrorRefusal extends Refused {
  readonly kind: 'error';
  readonly code: number;
  readonly resource: number;
}

/** The answer of a ConvertSelection that nobody can serve. */
export interface SelectionRefusal extends Refused {
  readonly kind: 'selection';
  readonly selection: { readonly time: number; readonly requestor: number; readonly selection: number; readonly target: number };
}

/** Nothing happens, and nobody is told. */
export interface SilentRefusal extends Refused {
  readonly kind: 'silent';
}

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
