/** What a client sends, as it passes: counted by opcode, looked into where windows and names are concerned. Keeps no bytes. */
import { byteOrderOf, padded } from '../wire/byte-order.js';
import { CORE } from '../wire/layouts/core.js';
import type { PacketHandler } from '../wire/packet-framer.js';
import { FIRST_EXTENSION, Request } from '../wire/request.js';
import { setupBytes, SETUP_HEAD_BYTES } from '../wire/setup.js';
import type { ClientState, Asked } from './client-state.js';
import { ClientProperties } from './client-properties.js';

const INTERN_ATOM = 16;
const CHANGE_PROPERTY = 18;
const LIST_FONTS_WITH_INFO = 50;
const QUERY_EXTENSION = 98;
const MOST_NAME_BYTES = 255;
/** Up to the window that these are about. */
const WINDOW_REQUESTS: Readonly<Record<string, number>> = {
  CreateWindow: 12, DestroyWindow: 8, DestroySubwindows: 8, MapWindow: 8, MapSubwindows: 8, UnmapWindow: 8, UnmapSubwindows: 8,
};

/** By opcode of the core: the bytes wanted at first; 4 is the head that every request has. */
const WANTED = new Uint8Array(FIRST_EXTENSION).fill(4);
const REPLIES = new Uint8Array(FIRST_EXTENSION);
for (const [opcode, request] of CORE.requests.entries()) {
  WANTED[opcode] = WINDOW_REQUESTS[request?.name ?? ''] ?? 4;
  REPLIES[opcode] = request?.hasReply === true ? 1 : 0;
}
WANTED[CHANGE_PROPERTY] = 24;
WANTED[INTERN_ATOM] = 8;
WANTED[QUERY_EXTENSION] = 8;

export class RequestWatch implements PacketHandler {
  readonly #state: ClientState;
  readonly #request = new Request();
  readonly #properties: ClientProperties;

  constructor(state: ClientState) {
    this.#state = state;
    this.#properties = new ClientProperties(state.windows);
  }

  wants(bytes: Uint8Array, at: number, available: number): number {
    if (!this.#state.hasClient) return SETUP_HEAD_BYTES;
    const request = this.#request;
    if (!request.look(bytes, at, available)) return available < 4 ? 4 : 8;
    const wanted = request.major < FIRST_EXTENSION ? (WANTED[request.major] as number) : 4;
    return wanted === 4 ? 4 : this.#wants(request, wanted, available);
  }

  /** wants() has looked at the same bytes just before. */
  begin(bytes: Uint8Array, at: number): number {
    if (!this.#state.hasClient) return this.#beginSetUp(bytes, at);
    const request = this.#request;
    const { major } = request;
    this.#state.numbers.send();
    if (major >= FIRST_EXTENSION) this.#countExtension(request);
    else {
      this.#state.requests.add(major);
      if (WANTED[major] !== 4) this.#handle(request);
      if (REPLIES[major] === 1) this.#state.numbers.expect(this.#asked(request, undefined));
    }
    return request.lengthBytes;
  }

  #beginSetUp(bytes: Uint8Array, at: number): number {
    const length = setupBytes(bytes, at);
    const order = byteOrderOf(bytes[at]);
    this.#state.hasClient = true;
    if (order !== undefined) this.#state.order = this.#request.order = order;
    return length;
  }

  #wants(request: Request, wanted: number, available: number): number {
    const least = request.headBytes(wanted);
    if (available < least || request.plainBytes < wanted) return least;
    if (request.major === CHANGE_PROPERTY) return request.headBytes(this.#properties.inspects(request));
    const isNamed = request.major === QUERY_EXTENSION || request.major === INTERN_ATOM;
    return isNamed && request.plainBytes <= 8 + padded(MOST_NAME_BYTES) ? request.lengthBytes : least;
  }

  #countExtension(request: Request): void {
    const { major, minor } = request;
    this.#state.requests.addPair(major, minor);
    const extension = this.#state.extensions.at(major);
    if (extension?.name === 'BIG-REQUESTS' && request.isToEnable) request.hasBigRequests = true;
    if (extension?.layout?.requests[minor]?.hasReply === true) this.#state.numbers.expect(this.#asked(request, extension.name));
  }

  #asked(request: Request, extension: string | undefined): Asked {
    const { major, minor } = request;
    const asked = { atMs: this.#state.nowMs };
    if (extension !== undefined) return extension === 'RECORD' && minor === 5 ? { ...asked, last: 5 } : asked;
    if (major === LIST_FONTS_WITH_INFO) return { ...asked, last: 0 };
    if (major !== QUERY_EXTENSION && major !== INTERN_ATOM) return asked;
    const name = nameIn(request);
    if (name === undefined || (major === INTERN_ATOM && name !== ClientProperties.wantedAtom)) return asked;
    return major === QUERY_EXTENSION ? { ...asked, extension: name } : { ...asked, learnAtom: (atom) => this.#properties.learnAtom(atom) };
  }

  #handle(request: Request): void {
    if (request.major === CHANGE_PROPERTY) return this.#properties.handle(request);
    if (request.plainBytes < (WANTED[request.major] as number)) return;
    const { windows } = this.#state;
    const window = request.u32(4);
    switch (CORE.requests[request.major]?.name) {
      case 'CreateWindow': return windows.create(window, request.u32(8));
      case 'DestroyWindow': return windows.destroy(window);
      case 'DestroySubwindows': return windows.destroyChildren(window);
      case 'MapWindow': return windows.map(window);
      case 'MapSubwindows': return windows.mapChildren(window);
      case 'UnmapWindow': return windows.unmap(window);
      case 'UnmapSubwindows': return windows.unmapChildren(window);
      default: return undefined;
    }
  }
}

/** Of QueryExtension and InternAtom: length 4, name 8. */
function nameIn(request: Request): string | undefined {
  if (request.plainBytes < 8 || request.plainBytes > 8 + padded(MOST_NAME_BYTES)) return undefined;
  const length = request.u16(4);
  return 8 + padded(length) === request.plainBytes ? request.latin1(8, length) : undefined;
}
