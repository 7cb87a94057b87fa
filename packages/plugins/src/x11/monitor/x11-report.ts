/** What the monitor knows of one X client: a channel's `monitors.x11` in `lstp status --json`. Numbers only grow, but for those of what is there now. */
export interface X11Report {
  /**
   * `set-up`: the server has not answered yet. `open`. `refused`: it has not taken the client. `lost`: the stream cannot be
   * followed from there on; it goes on as it is, and only its bytes are counted.
   */
  readonly state: 'set-up' | 'open' | 'refused' | 'lost';
  /** Why it was refused or lost. */
  readonly reason?: string;
  readonly client: X11ClientReport;
  readonly windows: X11WindowsReport;
  /** From the client, and to it. */
  readonly bytes: { readonly out: number; readonly in: number };
  /** By name: `PutImage`, `RENDER Composite`; where no table has one, by number: `opcode 153.4`. */
  readonly requests: X11Tally;
  readonly events: X11Tally;
  /** By the error and the request that it was for: `BadWindow of GetProperty`. */
  readonly errors: X11Tally;
  readonly roundTrips: X11RoundTrips;
  /** That the client has asked for and the server has. */
  readonly extensions: readonly string[];
}

export interface X11ClientReport {
  /** The title (WM_NAME or _NET_WM_NAME) of the first window that has one and is mapped; of the first that has one where none is. */
  readonly title?: string;
  /** WM_CLASS: `xterm`, `XTerm`. */
  readonly instance?: string;
  readonly class?: string;
  /** WM_CLIENT_MACHINE. */
  readonly host?: string;
  readonly byteOrder?: 'least significant first' | 'most significant first';
}

export interface X11WindowsReport {
  /** That it has made and not destroyed; of more than MOST_WINDOWS, no more is known than their number. */
  readonly open: number;
  readonly mapped: number;
  /** Up to 16 that have a title, the oldest first. */
  readonly titled: readonly { readonly id: string; readonly title: string }[];
}

export interface X11Tally {
  readonly total: number;
  readonly byName: Readonly<Record<string, number>>;
}

/** Of requests that were answered: from the request to its reply or error, as seen here. */
export interface X11RoundTrips {
  readonly count: number;
  /** Under way. */
  readonly waiting: number;
  /** Undefined where there was none. */
  readonly lastMs?: number;
  readonly leastMs?: number;
  readonly meanMs?: number;
  readonly mostMs?: number;
}
