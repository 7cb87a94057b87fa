/** Where applications connect: TCP and Unix sockets. Stale Unix sockets of dead processes are replaced, living ones are not. */
import { existsSync } from 'node:fs';
import { lstat, unlink } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { formatHostPort, formatServiceAddress, type InheritedSocket, type Listening, type Listeners, type ServiceAddress } from '@lstp/core';
import { inheritedSockets } from './inherited-sockets.js';
import { plainHost, socketTarget } from './socket-target.js';

type OnConnection = Parameters<Listeners['listen']>[1];

export class ApplicationListeners implements Listeners {
  async listen(address: ServiceAddress | InheritedSocket, onConnection: OnConnection): Promise<Listening> {
    if (address.kind === 'inherited') return listenInherited(address.name, onConnection);
    const server = serverFor(onConnection);
    if (address.kind === 'unix') await removeStale(address.path);
    const text = formatServiceAddress(address);
    await listening(server, socketTarget(address), text);
    return { address: address.kind === 'unix' ? text : (boundOf(server) ?? text), close: () => stopAccepting(server) };
  }
}

/** Every socket of that name: a unit may have several. */
async function listenInherited(name: string, onConnection: OnConnection): Promise<Listening> {
  const servers: Server[] = [];
  const close = async (): Promise<void> => void (await Promise.all(servers.map(stopAccepting)));
  try {
    for (const fd of inheritedSockets(name)) {
      const server = serverFor(onConnection);
      await listening(server, { fd }, `systemd:${name}`);
      servers.push(server);
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { address: servers.map((server) => boundOf(server) ?? `systemd:${name}`).join(', '), close };
}

function serverFor(onConnection: OnConnection): Server {
  return createServer({ allowHalfOpen: true, noDelay: true, highWaterMark: 65_536 }, (socket) => {
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
}

function sourceOf({ remoteAddress, remotePort }: Socket): string | undefined {
  return remoteAddress === undefined || remotePort === undefined ? undefined : formatHostPort({ host: plainHost(remoteAddress), port: remotePort });
}

/** Undefined where it has none to show: an inherited Unix socket. */
function boundOf(server: Server): string | undefined {
  const bound = server.address() as AddressInfo | string | null;
  return bound === null || typeof bound === 'string' ? undefined : formatHostPort({ host: plainHost(bound.address), port: bound.port });
}

function listening(server: Server, where: ReturnType<typeof socketTarget> | { readonly fd: number }, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(error, text)));
    server.listen(where, () => {
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

function listenError(error: NodeJS.ErrnoException, text: string): Error {
  const remedy = REMEDIES[causeOf(error, text) ?? ''] ?? error.message;
  return Object.assign(new Error(`cannot listen on ${text}: ${remedy}`), { code: 'ERR_LSTP_LISTEN', cause: error });
}

/** libuv says EACCES for a folder that is not there, as Windows does. */
function causeOf({ code }: NodeJS.ErrnoException, text: string): string | undefined {
  return code === 'EACCES' && text.startsWith('unix:') && !existsSync(dirname(text.slice('unix:'.length))) ? 'ENOENT' : code;
}

const REMEDIES: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the address is in use; stop what listens there, or choose another port',
  EACCES: 'permission denied; ports below 1024 and foreign folders need rights that this process does not have',
  EADDRNOTAVAIL: 'this machine does not have that address',
  ENOTFOUND: 'the name does not resolve',
  ENOENT: 'the folder of the socket does not exist',
};
