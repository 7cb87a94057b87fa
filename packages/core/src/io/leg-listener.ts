/** Listeners of a node for legs. Errors name the address and the remedy. */
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { formatLegAddress, type LegAddress } from './neighbour.js';
import type { LegAcceptor } from './leg-reception.js';

/** A leg listener cannot be opened. */
export class ListenError extends Error {
  constructor(
    readonly code: 'ERR_LSTP_LISTEN' | 'ERR_LSTP_ADDRESS_IN_USE' | 'ERR_LSTP_SCHEME',
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'ListenError';
  }
}

/** A listening server and where it is. */
export interface LegListener {
  readonly server: Server;
  /** With the real port, where 0 was asked for. */
  readonly address: string;
}

export interface ListenOptions {
  /** For other schemes than tcp. */
  readonly acceptor?: LegAcceptor | undefined;
  readonly onConnection: (socket: Socket, address: LegAddress) => void;
}

/** Opens all or none. */
export async function openListeners(addresses: readonly LegAddress[], options: ListenOptions): Promise<LegListener[]> {
  const open: LegListener[] = [];
  try {
    for (const address of addresses) open.push(await openListener(address, options));
    return open;
  } catch (error) {
    for (const { server } of open) server.close();
    throw error;
  }
}

async function openListener(address: LegAddress, { acceptor, onConnection }: ListenOptions): Promise<LegListener> {
  const shown = formatLegAddress(address);
  if (address.scheme !== 'tcp') await prepare(address, acceptor);
  return new Promise((resolve, reject) => {
    // Without allowHalfOpen a FIN of one side would cut the other direction short.
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => onConnection(socket, address));
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(shown, error)));
    server.listen({ host: address.host, port: address.port, backlog: 1024 }, () => {
      // The system may fail to accept, for want of memory for one: the next time it may not.
      server.removeAllListeners('error').on('error', () => {});
      const { port } = server.address() as AddressInfo;
      resolve({ server, address: formatLegAddress({ ...address, port }) });
    });
  });
}

async function prepare(address: LegAddress, acceptor: LegAcceptor | undefined): Promise<void> {
  const shown = formatLegAddress(address);
  if (acceptor?.takes(address.scheme) !== true) throw new ListenError('ERR_LSTP_SCHEME', `${shown}: no plugin takes legs over ${address.scheme}`);
  try {
    await acceptor.prepare(address);
  } catch (error) {
    throw new ListenError('ERR_LSTP_LISTEN', `cannot listen on ${shown}: ${(error as Error).message}`, { cause: error });
  }
}

function listenError(address: string, error: NodeJS.ErrnoException): ListenError {
  const code = error.code === 'EADDRINUSE' ? 'ERR_LSTP_ADDRESS_IN_USE' : 'ERR_LSTP_LISTEN';
  return new ListenError(code, `cannot listen on ${address}: ${remedy(error)}`, { cause: error });
}

function remedy({ code, message }: NodeJS.ErrnoException): string {
  if (code === 'EADDRINUSE') return 'another program listens there; end it, or choose another port in `listen`';
  if (code === 'EACCES') return 'not permitted; choose a port from 1024 up, or grant the right to bind it';
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') return 'no such address on this machine; correct `listen`, and let `address` say what others dial';
  return message;
}
