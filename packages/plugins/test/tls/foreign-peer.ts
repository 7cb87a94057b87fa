/**
 * Whoever may be at the other side of a carrier's pipe, right but for what a test changes. Speaks with node:tls alone,
 * so that nothing of the policy under test decides what it does.
 */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { connect, createSecureContext, TLSSocket, type SecureContextOptions } from 'node:tls';

export interface PeerHabits {
  readonly context: SecureContextOptions;
  readonly alpn?: readonly string[];
  readonly session?: Buffer;
}

export class ForeignPeer {
  readonly tls: TLSSocket;
  /** Application bytes that reached it. */
  received = '';
  /** Resolves when its connection is gone. */
  readonly gone: Promise<void>;
  readonly secured: Promise<void>;

  /** Says `greeting` as soon as it holds the session for secured. */
  constructor(socket: Socket, { isServer, greeting = 'application data' }: { readonly isServer: boolean; readonly greeting?: string }, { context, alpn = ['lstp-carrier/1'], session }: PeerHabits) {
    const secureContext = createSecureContext({ minVersion: 'TLSv1.3', ...context });
    const options = { secureContext, requestCert: true, rejectUnauthorized: false, ALPNProtocols: [...alpn], ...(session && { session }) };
    this.tls = isServer ? new TLSSocket(socket, { ...options, isServer }) : connect({ ...options, socket });
    this.secured = new Promise((resolve) => this.tls.once(isServer ? 'secure' : 'secureConnect', () => resolve()));
    // A refused peer may see an alert, a reset or an end; that it is over is what counts.
    this.tls.on('error', () => {});
    this.tls.on('data', (chunk: Buffer) => (this.received += chunk.toString()));
    this.tls.on('end', () => this.tls.destroy());
    this.gone = once(socket, 'close').then(() => {});
    void this.secured.then(() => this.tls.write(greeting));
  }
}
