/** One flow of datagrams at the back: a UDP socket connected to one target, so that only the target is heard. */
import { ChannelRefusal, type ChannelCode, type DatagramBackEndConnection, type DatagramBackEndRequest, type TargetAddress } from '@lstp/core';
import { DatagramSocket } from '../udp/datagram-socket.js';

/** Without a datagram either way. Longer than the front's: this one is for fronts that forget. */
const BACK_FLOW_IDLE_MS = 180_000;

const REASONS: Readonly<Record<string, ChannelCode>> = {
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  EADDRNOTAVAIL: 'unreachable',
  EAFNOSUPPORT: 'unreachable',
  EINVAL: 'unreachable',
  EACCES: 'refused',
  EPERM: 'refused',
  EMFILE: 'limit',
  ENFILE: 'limit',
};

/** Of the list, the first that there is a way to. Throws ChannelRefusal: the first one's cause. */
export async function connectUdp(addresses: readonly TargetAddress[], { send, close }: Pick<DatagramBackEndRequest, 'send' | 'close'>, signal: AbortSignal): Promise<DatagramBackEndConnection> {
  const idle = setTimeout(() => close('done'), BACK_FLOW_IDLE_MS);
  const end = (socket?: DatagramSocket): void => {
    clearTimeout(idle);
    socket?.close();
  };
  const handleDatagram = (datagram: Buffer): void => {
    idle.refresh();
    send(datagram);
  };
  try {
    const socket = await connectFirst(addresses, handleDatagram);
    if (signal.aborted) end(socket);
    return {
      bound: socket.bound,
      send: (datagram) => {
        idle.refresh();
        socket.send(datagram);
      },
      close: () => end(socket),
    };
  } catch (error) {
    end();
    throw error;
  }
}

/** As this machine is seen on the way to the first address that there is a way to: the system says it, nothing is sent. */
export async function localHostTowards(addresses: readonly TargetAddress[]): Promise<string> {
  const socket = await connectFirst(addresses, () => {});
  const { host } = socket;
  socket.close();
  return host;
}

/** Losses are nobody's business: a target that says "nobody is here" (ICMP) may come back, as with any UDP. */
async function connectFirst(addresses: readonly TargetAddress[], handleDatagram: (datagram: Buffer) => void): Promise<DatagramSocket> {
  let first: NodeJS.ErrnoException | undefined;
  for (const address of addresses) {
    try {
      return await DatagramSocket.connect(address, { handleDatagram, handleLost: () => {} });
    } catch (error) {
      first ??= error as NodeJS.ErrnoException;
    }
  }
  throw new ChannelRefusal(REASONS[first?.code ?? ''] ?? 'internal', first?.message ?? 'there is no address to send to');
}
