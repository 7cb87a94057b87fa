/** Where applications connect: TCP and Unix sockets. Stale Unix sockets of dead processes are replaced, living ones are not. */
import { existsSync } from 'node:fs';
import { lstat, unlink } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { formatHostPort, formatServiceAddress, type Listening, type Listeners, type ServiceAddress } from '@lstp/core';
import { plainHost, socketTarget } from './socket-target.js';

export class ApplicationListeners implements Listeners {
  async listen(address: ServiceAddress, onConnection: (socket: Socket, source: string | undefined) => unknown): Promise<Listening> {
    const server = createServer({ allowHalfOpen: true, noDelay: true, highWaterMark: 65_536 }, (socket) => {
      // Who handles the socket adds its own listener; an error before that must not end the process.
      socket.on('error', () => {});
      try {
        // Protocols that speak first are asynchronous.
        const handled = onConnection(socket, sourceOf(socket));
        if (handled instanceof Promise) handled.catch(() => socket.destroy());
      } catch {
        socket.destroy();
      }
    });
    if (address.kind === 'unix') await removeStale(address.path);
    await listening(server, address);
    return { address: address.kind === 'unix' ? formatServiceAddress(address) : formatBound(server), close: () => stopAccepting(server) };
  }
}

function sourceOf({ remoteAddress, remotePort }: Socket): string | undefined {
  return remoteAddress === undefined || remotePort === undefined ? undefined : formatHostPort({ host: plainHost(remoteAddress), port: remotePort });
}

function formatBound(server: Server): string {
  const { address, port } = server.address() as AddressInfo;
  return formatHostPort({ host: plainHost(address), port });
}

function listening(server: Server, address: ServiceAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(error, address)));
    server.listen(socketTarget(address), () => {
      server.removeAllListeners('error');
      // Running out of descriptors while accepting: the next accept may succeed.
      server.on('error', () => {});
      resolve();
    });
  });
}

/** The address is free at once. Not waited for: that the connections which were accepted end. */
async function stopAccepting(server: Server): Promise<void> {
  server.close();
}

/** Removes a socket file that nobody listens on. Any other file stays and makes listen() fail. */
async function removeStale(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found?.isSocket() && !(await isAnswered(path))) await unlink(path);
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect({ path });
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code !== 'ECONNREFUSED' && code !== 'ENOENT'));
  });
}

function listenError(error: NodeJS.ErrnoException, address: ServiceAddress): Error {
  const remedy = REMEDIES[causeOf(error, address) ?? ''] ?? error.message;
  return Object.assign(new Error(`cannot listen on ${formatServiceAddress(address)}: ${remedy}`), { code: 'ERR_LSTP_LISTEN', cause: error });
}

/** libuv says EACCES for a folder that is not there, as Windows does. */
function causeOf({ code }: NodeJS.ErrnoException, address: ServiceAddress): string | undefined {
  return code === 'EACCES' && address.kind === 'unix' && !existsSync(dirname(address.path)) ? 'ENOENT' : code;
}

const REMEDIES: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the address is in use; stop what listens there, or choose another port',
  EACCES: 'permission denied; ports below 1024 and foreign folders need rights that this process does not have',
  EADDRNOTAVAIL: 'this machine does not have that address',
  ENOTFOUND: 'the name does not resolve',
  ENOENT: 'the folder of the socket does not exist',
};
