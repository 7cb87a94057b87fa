/** What one side of a udp service counts, for status and metrics. */
export interface UdpCounts extends Record<string, number> {
  /** Clients that got a flow. */
  'flows': number;
  /** Flows that ended because nothing went through them, and because another client needed the place. */
  'flows idle': number;
  'flows evicted': number;
  /** From clients (or the real server) at this end, and to them. */
  'datagrams in': number;
  'datagrams out': number;
  /** Larger than the network here takes. */
  'too large': number;
  /** Nobody listens at the real server's address, as its machine says (ICMP). */
  'refused': number;
  /** The system took no more, or knew no way. */
  'not sent': number;
}

export function newCounts(): UdpCounts {
  return { 'flows': 0, 'flows idle': 0, 'flows evicted': 0, 'datagrams in': 0, 'datagrams out': 0, 'too large': 0, 'refused': 0, 'not sent': 0 };
}

/** Under which name a lost datagram is counted, by the system's code. */
export function nameOfLoss(code: string): 'too large' | 'refused' | 'not sent' {
  if (code === 'EMSGSIZE') return 'too large';
  return code === 'ECONNREFUSED' || code === 'ECONNRESET' ? 'refused' : 'not sent';
}
