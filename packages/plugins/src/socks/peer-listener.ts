/** One listener at the back (BIND): for one connection of the peer that the application expects, for a limited time. */
import { parseIp, parseTarget, type BackEndListening, type ListenBackEndRequest, type Listening, type Listeners, type TargetAddress } from '@lstp/core';
import type { Socket } from 'node:net';
import { localHostTowards } from './udp-flow.js';

/** For the peer to connect. */
const PEER_TIMEOUT_MS = 180_000;

/**
 * Listens at this machine's address on the way to the peer, any free port. Who connects from elsewhere is closed at
 * once and the wait goes on; the port it connects from is its own affair (FTP's is another one than was named).
 */
export async function listenForPeer(addresses: readonly TargetAddress[], { accept, close }: Pick<ListenBackEndRequest, 'accept' | 'close'>, listeners: Listeners): Promise<BackEndListening> {
  const peers = addresses.map(({ host }) => parseIp(host));
  const isPeer = (source: string | undefined): boolean => {
    const from = source === undefined ? undefined : parseIp(parseTarget(source).host);
    return from !== undefined && peers.some((peer) => peer?.family === from.family && peer.value === from.value);
  };
  let isTaken = false;
  const take = (socket: Socket, source: string | undefined): void => {
    if (isTaken || !isPeer(source)) return void socket.destroy();
    isTaken = true;
    clearTimeout(timer);
    void listening.close();
    accept(socket, source);
  };
  const listening: Listening = await listeners.listen({ kind: 'tcp', host: await localHostTowards(addresses), port: 0 }, take);
  const timer = setTimeout(() => close('timeout'), PEER_TIMEOUT_MS);
  return {
    bound: listening.address,
    close: () => {
      clearTimeout(timer);
      if (!isTaken) void listening.close();
    },
  };
}
