/** Names of displays as X clients read them, X(7): `:0`, `unix:0`, `host:1`, `[v6]:1`; or the path of a server's socket. */
import { FormError, type ServiceAddress } from '@lstp/core';

export interface DisplayName {
  readonly text: string;
  /** Where its server may be, in the order of trying. */
  readonly addresses: readonly ServiceAddress[];
  /** Its number in decimal, as Xauthority has it; empty where the name has none. */
  readonly display: string;
}

const FOLDER = '/tmp/.X11-unix';
const FIRST_PORT = 6000;
/** Its TCP port is 6000 more. */
const LAST_DISPLAY = 59_535;
/** What somebody may write who means a port. */
const PORTS = { from: 6000, to: 6099 } as const;

/** Throws FormError. */
export function parseDisplayName(text: string): DisplayName {
  const path = /^(?:unix:)?(\/.*?)(?:\.\d+)?$/.exec(text)?.[1];
  if (path !== undefined) return { text, addresses: [{ kind: 'unix', path }], display: /:(\d+)$/.exec(path)?.[1] ?? /\/X(\d+)$/.exec(path)?.[1] ?? '' };
  const [, bracketed, plain, digits] = /^(?:\[([^\]]*)\]|([^:]*)):(\d+)(?:\.\d+)?$/.exec(text) ?? [];
  if (digits === undefined) throw new FormError(`"${text.slice(0, 60)}" is no name of a display; write :0, host:1, [v6]:1 or unix:/path`);
  const host = bracketed ?? plain ?? '';
  const number = checkedNumber(digits, host);
  if (host !== '' && host !== 'unix') return { text, addresses: [{ kind: 'tcp', host, port: FIRST_PORT + number }], display: String(number) };
  const local = `${FOLDER}/X${number}`;
  const abstract = process.platform === 'linux' ? [{ kind: 'unix', path: `@${local}` } as const] : [];
  return { text, addresses: [{ kind: 'unix', path: local }, ...abstract], display: String(number) };
}

function checkedNumber(digits: string, host: string): number {
  const number = Number(digits);
  if (host !== '' && number >= PORTS.from && number <= PORTS.to) throw new FormError(`"${host}:${digits}" would be display ${digits}; display ${number - FIRST_PORT} has the port ${digits}: write ${host}:${number - FIRST_PORT}`);
  if (number > LAST_DISPLAY) throw new FormError(`there is no display ${digits}; the last one is ${LAST_DISPLAY}`);
  return number;
}
