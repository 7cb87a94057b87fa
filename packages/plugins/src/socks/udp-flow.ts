/** One flow of datagrams at the back: a UDP socket connected to one target, so that only the target is heard. */
import { ChannelRefusal, formatHostPort, type ChannelCode, type DatagramBackEndConnection, type DatagramBackEndRequest, type TargetAddress } from '@lstp/core';
import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';

/** Without a datagram either way. Longer than the front's: this one is for fronts that forget. */
const FLOW_IDLE_MS = 180_000;

const REASONS: Readonly<Record<string, ChannelCode>> = {
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  EADDRNOTAVAIL: 'unreachable',
  EACCES: 'refused',
  EPERM: 'refused',
  EMFILE: 'limit',
  ENFILE: 'limit',
};

/** Of the list, the first that there is a way to. Throws ChannelRefusal. */
export async function connectUdp(addresses: readonly TargetAddress[], { send, close }: Pick<DatagramBackEndRequest, 'send' | 'close'>, signal: AbortSignal): Promise<DatagramBackEndConnection> {
  const socket = await connectFirst(addresses);
  if (signal.aborted) {
    socket.close();
    throw new ChannelRefusal('reset', 'the application has gone');
  }
  const idle = setTimeout(() => close('done'), FLOW_IDLE_MS);
  socket.on('message', (datagram) => {
    idle.refresh();
    send(datagram);
  });
  const { address, port } = socket.address();
  return {
    bound: formatHostPort({ host: address, port }),
    send: (datagram) => {
      idle.refresh();
      // Its bytes are ours during this call only. That one is lost is nobody's business.
      socket.send(Buffer.from(datagram), () => {});
    },
    close: () => {
      clearTimeout(idle);
      socket.close();
    },
  };
}

async function connectFirst(addresses: readonly TargetAddress[]): Promise<Socket> {
  let first: NodeJS.ErrnoException | undefined;
  for (const address of addresses) {
    try {
      return await connectOne(address);
    } catch (error) {
      first ??= error as NodeJS.ErrnoException;
    }
  }
  throw new ChannelRefusal(REASONS[first?.code ?? ''] ?? 'internal', first?.message ?? 'there is no address to send to');
}

/** No datagram is sent: the system looks whether there is a way. */
export function connectOne({ host, port }: TargetAddress): Promise<Socket> {
  const socket = createSocket(isIPv6(host.replace(/%.*$/, '')) ? 'udp6' : 'udp4');
  // A target's "nobody is here" (ICMP) ends no flow: it may come back, as with any UDP.
  socket.on('error', () => {});
  return new Promise((resolve, reject) => {
    socket.connect(port, host, (error?: Error) => {
      if (error === undefined || error === null) return resolve(socket);
      socket.close();
      reject(error);
    });
  });
}
