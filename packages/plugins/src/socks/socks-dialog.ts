/**
 * What a SOCKS server says until it knows what is wanted: versions 4, 4a and 5, told apart by the first byte.
 * Bytes in, one step out; no I/O, no time.
 *
 *   parse(bytes)   the next step and how many bytes it took; undefined while more are needed; the same bytes in any
 *                  chunking give the same steps
 *   accept()       after a `login` step: the proof was right
 *
 * Sources: RFC 1928 (version 5), RFC 1929 (user and password), "SOCKS: A protocol for TCP proxy across firewalls" and
 * "SOCKS 4A: A Simple Extension to SOCKS 4 Protocol" (both by NEC, no RFC).
 */
import { nameOf, parseAddress, type AddressFault } from './socks-address.js';
import { encodeReply, encodeReply4, REJECTED, REPLY, type ReplyCode } from './socks-reply.js';
import { commandOf, type SocksCommand, type SocksRequest } from './socks-request.js';

export interface SocksPolicy {
  /** Whether applications must give user and password. Version 4, which has no password, is refused then. */
  readonly login: 'none' | 'password';
  readonly commands: ReadonlySet<SocksCommand>;
}

export type SocksStep =
  /** Say this and go on. */
  | { readonly kind: 'reply'; readonly bytes: Buffer }
  /** Find out whether this is right; then accept(), or say LOGIN_REFUSED and close. */
  | { readonly kind: 'login'; readonly user: string; readonly password: string }
  /** The end: this is wanted. Whatever follows is the channel's. */
  | { readonly kind: 'request'; readonly request: SocksRequest }
  /** The end: say this, if anything, and close. */
  | { readonly kind: 'refuse'; readonly bytes?: Buffer };

type Parsed = { readonly value: SocksStep; readonly length: number } | undefined;

/** RFC 1928, section 3. */
const NO_LOGIN = 0;
const PASSWORD = 2;
const NO_METHOD = 0xff;
/** Bytes of the user's name, and of the host's, in version 4, where neither says how long it is. */
const MAX_TEXT4_BYTES = 255;

/** RFC 1929, section 2. */
export const LOGIN_REFUSED = Buffer.from([1, 1]);
const LOGIN_ACCEPTED = Buffer.from([1, 0]);

export class SocksDialog {
  readonly #policy: SocksPolicy;
  #parse: (bytes: Buffer) => Parsed;

  constructor(policy: SocksPolicy) {
    this.#policy = policy;
    this.#parse = (bytes) => this.#parseFirst(bytes);
  }

  /** `bytes` begins behind what earlier steps took, and has one byte at least. */
  parse(bytes: Buffer): Parsed {
    return this.#parse(bytes);
  }

  /** What to say. */
  accept(): Buffer {
    this.#parse = (bytes) => this.#parseRequest(bytes);
    return LOGIN_ACCEPTED;
  }

  #parseFirst(bytes: Buffer): Parsed {
    if (bytes[0] === 5) return this.#parseGreeting(bytes);
    if (bytes[0] === 4) return this.#parseRequest4(bytes);
    return refuse();
  }

  /** VER, NMETHODS, METHODS. */
  #parseGreeting(bytes: Buffer): Parsed {
    const length = 2 + (bytes[1] ?? 255);
    if (bytes.length < length) return undefined;
    const method = this.#policy.login === 'none' ? NO_LOGIN : PASSWORD;
    if (!bytes.subarray(2, length).includes(method)) return refuse(Buffer.from([5, NO_METHOD]));
    this.#parse = method === PASSWORD ? parseLogin : (rest) => this.#parseRequest(rest);
    return { value: { kind: 'reply', bytes: Buffer.from([5, method]) }, length };
  }

  /** VER, CMD, RSV, address. */
  #parseRequest(bytes: Buffer): Parsed {
    if (bytes[0] !== 5) return refuse5(REPLY.generalFailure);
    if (bytes.length < 4) return undefined;
    const command = commandOf(5, bytes[1]);
    if (command === undefined || !this.#policy.commands.has(command)) return refuse5(REPLY.commandNotSupported);
    const parsed = parseAddress(bytes, 3);
    if (!('fault' in parsed)) return { value: { kind: 'request', request: { version: 5, command, ...parsed.address } }, length: parsed.end };
    return parsed.fault === 'short' ? undefined : refuseAddress(parsed.fault);
  }

  /** VN, CD, DSTPORT, DSTIP, USERID, NUL; and where DSTIP is 0.0.0.x with x not 0 (4a): the name, NUL. */
  #parseRequest4(bytes: Buffer): Parsed {
    // It has no password.
    if (this.#policy.login === 'password') return refuse4();
    if (bytes.length < 9) return undefined;
    const command = commandOf(4, bytes[1]);
    if (command === undefined || !this.#policy.commands.has(command)) return refuse4();
    const user = textEnd(bytes, 8);
    if (typeof user !== 'number') return user;
    const port = bytes.readUInt16BE(2);
    const ip = bytes.subarray(4, 8);
    if (ip.readUInt32BE() >>> 8 !== 0 || ip[3] === 0) return { value: { kind: 'request', request: { version: 4, command, host: ip.join('.'), port } }, length: user + 1 };
    const end = textEnd(bytes, user + 1);
    if (typeof end !== 'number') return end;
    const host = nameOf(bytes.subarray(user + 1, end));
    if (host === undefined) return refuse4();
    return { value: { kind: 'request', request: { version: 4, command, host, port } }, length: end + 1 };
  }
}

/** VER, ULEN, UNAME, PLEN, PASSWD. */
function parseLogin(bytes: Buffer): Parsed {
  if (bytes[0] !== 1) return refuse(LOGIN_REFUSED);
  const user = 2 + (bytes[1] ?? 255);
  const length = user + 1 + (bytes[user] ?? 255);
  if (bytes.length < length) return undefined;
  return { value: { kind: 'login', user: bytes.toString('utf8', 2, user), password: bytes.toString('utf8', user + 1, length) }, length };
}

/** Where the NUL of the text that begins at `from` is. */
function textEnd(bytes: Buffer, from: number): number | Parsed {
  const end = bytes.indexOf(0, from);
  if (end >= 0 && end - from <= MAX_TEXT4_BYTES) return end;
  return end < 0 && bytes.length - from <= MAX_TEXT4_BYTES ? undefined : refuse4();
}

function refuseAddress(fault: Exclude<AddressFault, 'short'>): Parsed {
  return refuse5(fault === 'type' ? REPLY.addressTypeNotSupported : REPLY.hostUnreachable);
}

function refuse5(code: ReplyCode): Parsed {
  return refuse(encodeReply(code));
}

function refuse4(): Parsed {
  return refuse(encodeReply4(REJECTED));
}

function refuse(bytes?: Buffer): Parsed {
  return { value: { kind: 'refuse', ...(bytes === undefined ? {} : { bytes }) }, length: 0 };
}
