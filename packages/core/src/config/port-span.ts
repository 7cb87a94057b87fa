/** Consecutive ports of one host, for services that have several: `127.0.0.1:8000-8010`. */
import type { ServiceAddress } from './chain.js';
import { FormError } from './form-error.js';
import { parseHostPort } from './host-port.js';

export interface PortSpan {
  readonly kind: 'ports';
  /** As written. */
  readonly text: string;
  readonly host: string;
  readonly from: number;
  /** The last one. */
  readonly to: number;
}

/** Ports of one span: a listener each. */
const MAX_SPAN = 1024;

const SPAN = /^(.+):(\d+)-(\d+)$/s;

/** Undefined where `text` has no span of ports. Throws FormError. */
export function parsePortSpan(text: string): PortSpan | undefined {
  const [, hostText = '', first = '', last = ''] = SPAN.exec(text) ?? [];
  if (hostText === '' || text.startsWith('unix:')) return undefined;
  const { host, port: from } = parseHostPort(`${hostText}:${first}`, { example: '127.0.0.1:8000-8010' });
  const at = hostText.length + first.length + 2;
  const to = Number(last);
  if (to > 65_535) throw new FormError(`"${last.slice(0, 20)}" is no port; a port is a number from 1 to 65535`, at);
  if (to <= from) throw new FormError(`${from}-${last} is no span of ports; the last one is larger than the first, as in 8000-8010`, at);
  if (to - from >= MAX_SPAN) throw new FormError(`${from}-${to} are ${to - from + 1} ports; one span has at most ${MAX_SPAN}`, at);
  return { kind: 'ports', text, host, from, to };
}

export function spanLength({ from, to }: PortSpan): number {
  return to - from + 1;
}

/** The address of the port with this number, from 0. */
export function addressInSpan({ host, from }: PortSpan, number: number): ServiceAddress {
  return { kind: 'tcp', host, port: from + number };
}
