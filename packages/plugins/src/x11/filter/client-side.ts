/** From the client to the server: the cookie, extensions that are hidden or unknown, and what the policy refuses. */
import { CORE } from '../wire/layouts/core.js';
import type { PacketHandler } from '../wire/packet-framer.js';
import { FIRST_EXTENSION, Request } from '../wire/request.js';
import { encodeSetup, parseSetup, setupBytes, SETUP_HEAD_BYTES, type Authorization } from '../wire/setup.js';
import { padded } from '../wire/byte-order.js';
import type { Connection, Expected } from './connection.js';
import type { Output } from './output.js';
import { X_ERROR, type Denied, type Refusal } from './refusal.js';

const INTERN_ATOM = 16;
const GET_INPUT_FOCUS = 43;
const LIST_FONTS_WITH_INFO = 50;
const QUERY_EXTENSION = 98;
const LIST_EXTENSIONS = 99;
const NO_OPERATION = 127;
/** A ListExtensions reply has a byte for the length of a name; a longer one is nobody's. */
const MOST_NAME_BYTES = 255;
const UNKNOWN_OPCODE: Refusal = { rule: 'unknown opcode', instead: { kind: 'error', code: X_ERROR.request, resource: 0 } };
const AS_IT_IS: Expected = { kind: 'as it is' };

/** Says which requests are refused. */
export interface Judge {
  /** How much of the request it wants to see, in the short form; at least 4. */
  inspects(request: Request): number;
  judge(request: Request): Refusal | undefined;
  /** Whether it wants to know which atom has this name. */
  wantsAtom(name: string): boolean;
}

export interface ClientSideOptions {
  readonly authorization?: Authorization;
  readonly hidden: ReadonlySet<string>;
  readonly judge: Judge;
  readonly onDenied: (what: Denied) => void;
}

export class ClientSide implements PacketHandler {
  readonly #connection: Connection;
  readonly #output: Output;
  readonly #options: ClientSideOptions;
  readonly #request = new Request();
  /** Whether the body of the packet goes on. */
  #passes = true;

  constructor(connection: Connection, output: Output, options: ClientSideOptions) {
    this.#connection = connection;
    this.#output = output;
    this.#options = options;
  }

  wants(bytes: Uint8Array, at: number, available: number): number {
    if (!this.#connection.hasClient) return available < SETUP_HEAD_BYTES ? SETUP_HEAD_BYTES : setupBytes(bytes, at);
    const request = this.#request;
    if (!request.look(bytes, at, available)) return available < 4 ? 4 : 8;
    return request.headBytes(this.#inspects(request));
  }

  /** wants() has looked at the same bytes just before. */
  begin(bytes: Uint8Array, at: number): number {
    if (!this.#connection.hasClient) return this.#beginSetUp(bytes, at);
    const request = this.#request;
    this.#connection.numbers.send();
    const refusal = this.#judge(request);
    this.#passes = refusal === undefined;
    if (refusal !== undefined) this.#refuse(request, refusal);
    else if (request.major === QUERY_EXTENSION) this.#queryExtension(request);
    else this.#expect(request);
    return request.lengthBytes;
  }

  body(bytes: Uint8Array, from: number, to: number): void {
    if (this.#passes) this.#output.pass(bytes, from, to);
  }

  #beginSetUp(bytes: Uint8Array, at: number): number {
    const setup = parseSetup(bytes, at);
    const { authorization } = this.#options;
    this.#connection.hasClient = true;
    this.#connection.order = setup.order;
    this.#request.order = setup.order;
    this.#passes = authorization === undefined;
    if (authorization !== undefined) this.#output.put(encodeSetup({ ...setup, authorization }));
    return setup.length;
  }

  #inspects(request: Request): number {
    const wanted = this.#options.judge.inspects(request);
    const isNamed = request.major === QUERY_EXTENSION || request.major === INTERN_ATOM;
    return isNamed && request.plainBytes <= 8 + padded(MOST_NAME_BYTES) ? request.plainBytes : wanted;
  }

  #judge(request: Request): Refusal | undefined {
    const { major } = request;
    if (major >= FIRST_EXTENSION && this.#connection.extensions.at(major) === undefined) return UNKNOWN_OPCODE;
    return this.#options.judge.judge(request);
  }

  #refuse(request: Request, { rule, instead }: Refusal): void {
    const { major, minor, order } = request;
    const harmless = Buffer.alloc(4);
    harmless[0] = instead.kind === 'silence' ? NO_OPERATION : GET_INPUT_FOCUS;
    order.writeU16(harmless, 2, 1);
    this.#output.put(harmless);
    if (instead.kind !== 'silence') this.#connection.numbers.expect({ kind: 'refused', instead, major, minor: major < FIRST_EXTENSION ? 0 : minor });
    const resource = instead.kind === 'error' && instead.resource !== 0 ? { resource: instead.resource } : {};
    this.#options.onDenied({ request: this.#nameOf(request), rule, ...resource });
  }

  /** A name that is hidden is made one that no extension has, so that the server itself says that it is not there. */
  #queryExtension(request: Request): void {
    const name = nameIn(request);
    const { numbers } = this.#connection;
    if (name === undefined || !this.#options.hidden.has(name)) {
      numbers.expect(name === undefined ? AS_IT_IS : { kind: 'extension', name });
      return;
    }
    numbers.expect(AS_IT_IS);
    const changed = request.copy(request.plainBytes);
    changed[request.within(8)] = 1;
    this.#output.put(changed);
    this.#passes = false;
    this.#options.onDenied({ request: `extension ${name}`, rule: 'hidden' });
  }

  #expect(request: Request): void {
    const { numbers } = this.#connection;
    const extension = this.#connection.extensions.at(request.major);
    const layout = (extension === undefined ? CORE : extension.layout)?.requests[extension === undefined ? request.major : request.minor];
    if (extension?.name === 'BIG-REQUESTS' && request.isToEnable) request.hasBigRequests = true;
    // GLX answers some requests with nothing, whatever their kind; a client could have numbers go round with them.
    if (layout?.hasReply === true) numbers.expect(this.#expectedOf(request, extension?.name), extension === undefined ? 'sure' : 'likely');
  }

  #expectedOf(request: Request, extension: string | undefined): Expected {
    const { major, minor } = request;
    if (extension === 'RECORD' && minor === 5) return { kind: 'many', last: 5 };
    if (major === LIST_FONTS_WITH_INFO) return { kind: 'many', last: 0 };
    if (major === LIST_EXTENSIONS) return { kind: 'extensions' };
    const name = major === INTERN_ATOM ? nameIn(request) : undefined;
    return name !== undefined && this.#options.judge.wantsAtom(name) ? { kind: 'atom', name } : AS_IT_IS;
  }

  #nameOf({ major, minor }: Request): string {
    if (major < FIRST_EXTENSION) return CORE.requests[major]?.name ?? `opcode ${major}`;
    const extension = this.#connection.extensions.at(major);
    if (extension === undefined) return `opcode ${major}.${minor}`;
    return `${extension.name} ${extension.layout?.requests[minor]?.name ?? minor}`;
  }
}

/** Of QueryExtension and InternAtom: length 4, name 8. Undefined for one that a server does not take, or that is nobody's. */
function nameIn(request: Request): string | undefined {
  if (request.plainBytes < 8 || request.plainBytes > 8 + padded(MOST_NAME_BYTES)) return undefined;
  const length = request.u16(4);
  return 8 + padded(length) === request.plainBytes ? request.latin1(8, length) : undefined;
}
