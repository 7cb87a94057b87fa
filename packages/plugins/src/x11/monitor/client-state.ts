/** What is known of one client. Bounded, whatever it does. */
import { LSB_FIRST, MSB_FIRST, type ByteOrder } from '../wire/byte-order.js';
import { ExtensionTable } from '../wire/extension-table.js';
import { RequestNumbers } from '../wire/request-numbers.js';
import { ClientWindows } from './client-windows.js';
import { errorName, eventName, requestName } from './names.js';
import { OpcodeCounts } from './opcode-counts.js';
import { RoundTrips } from './round-trips.js';
import type { X11Report, X11Tally } from './x11-report.js';

/** Kinds of errors that are told apart; others count together. */
const MOST_ERROR_KINDS = 256;

/** A request that waits for its answer. */
export interface Asked {
  readonly atMs: number;
  /** Of those with several replies: what the last one has at 1. */
  readonly last?: number;
  /** Whose numbers the reply tells. */
  readonly extension?: string;
  readonly learnAtom?: (atom: number) => void;
}

export class ClientState {
  phase: X11Report['state'] = 'set-up';
  reason: string | undefined;
  hasClient = false;
  order: ByteOrder = LSB_FIRST;
  nowMs = 0;
  bytesOut = 0;
  bytesIn = 0;
  readonly requests = new OpcodeCounts();
  readonly events = new OpcodeCounts();
  readonly roundTrips = new RoundTrips();
  readonly windows = new ClientWindows();
  readonly extensions = new ExtensionTable();
  readonly numbers = new RequestNumbers<Asked>();
  /** By code, major and minor opcode, in one number. */
  readonly #errors = new Map<number, number>();
  #errorTotal = 0;

  countError(code: number, major: number, minor: number): void {
    this.#errorTotal += 1;
    const kind = (code << 16) | (major << 8) | (minor & 0xff);
    const count = this.#errors.get(kind);
    if (count !== undefined || this.#errors.size < MOST_ERROR_KINDS) this.#errors.set(kind, (count ?? 0) + 1);
  }

  report(): X11Report {
    const { extensions } = this;
    const order = this.hasClient ? { byteOrder: this.order === MSB_FIRST ? ('most significant first' as const) : ('least significant first' as const) } : {};
    return {
      state: this.phase,
      ...(this.reason === undefined ? {} : { reason: this.reason }),
      client: { ...this.windows.client(), ...order },
      windows: this.windows.report(),
      bytes: { out: this.bytesOut, in: this.bytesIn },
      requests: { total: this.requests.total, byName: this.requests.byName((major, minor) => requestName(extensions, major, minor)) },
      events: { total: this.events.total, byName: this.events.byName((code, type) => eventName(extensions, code, type)) },
      errors: this.#errorReport(),
      roundTrips: this.roundTrips.report(this.numbers.unanswered),
      extensions: extensions.all.map(({ name }) => name),
    };
  }

  #errorReport(): X11Tally {
    const byName: Record<string, number> = {};
    for (const [kind, count] of this.#errors) {
      const name = `${errorName(this.extensions, kind >>> 16)} of ${requestName(this.extensions, (kind >>> 8) & 0xff, kind & 0xff)}`;
      byName[name] = (byName[name] ?? 0) + count;
    }
    return { total: this.#errorTotal, byName };
  }
}
