/**
 * From a raw pipe to a carrier: the security plugin's handshake, then set-up again over the secured line, compared.
 * Only what comes out of here reaches a tunnel. Specification: docs/spec.md, "Set-up inside TLS".
 */
import type { Duplex } from 'node:stream';
import { CARRIER_EXPORTER, CarrierSetup, decodeJson, encodeJson, FrameReader, isMaster, ProtocolError, type CarrierFacts, type CarrierIdentity, type CheckedPeer, type Credentials, type Crypto, type OwnSetup, type Security } from '@lstp/core';

export interface RawCarrier {
  /** What was read beyond LSTP is pushed back already. Owned from now on. */
  readonly socket: Duplex;
  readonly own: OwnSetup;
  readonly peer: CheckedPeer;
}

export interface BuildOptions {
  readonly security: Security;
  readonly crypto: Crypto;
  readonly timeoutMs: number;
  /** Who uses this end, for the association of these two instances. Never rejects. */
  readonly credentials?: (association: string) => Promise<Credentials | undefined> | undefined;
}

export interface BuiltCarrier {
  readonly facts: CarrierFacts;
  readonly identity: CarrierIdentity;
  readonly stream: Duplex;
  /** What was read behind the peer's set-up. */
  readonly head: Buffer;
}

/** Rejects with the reason, everything destroyed, when the peer is not who it said, sent other set-up, or is too slow. */
export async function buildCarrier(raw: RawCarrier, { security, crypto, timeoutMs, credentials }: BuildOptions): Promise<BuiltCarrier> {
  const { socket, own, peer } = raw;
  const secured = await security.secure({ socket, master: isMaster(own.info.side), pin: peer.setup.info.key, timeoutMs });
  const setup = new CarrierSetup(own, peer, crypto);
  const { identity, head } = await compareSetup(secured.stream, setup, timeoutMs);
  const facts = identity.facts(secured.exporter(CARRIER_EXPORTER));
  const asked = credentials?.(associationOf(facts));
  // Nobody else listens meanwhile; whoever gets the stream sees that it is destroyed.
  if (asked !== undefined) secured.stream.on('error', () => {});
  const login = await asked;
  return { facts: login === undefined ? facts : { ...facts, login }, identity, stream: secured.stream, head };
}

/** One name for what two instances have in common. */
export function associationOf({ instance, peerInstance }: Pick<CarrierFacts, 'instance' | 'peerInstance'>): string {
  return `${instance} ${peerInstance}`;
}

/** Writes our two frames and takes the peer's two. */
function compareSetup(stream: Duplex, setup: CarrierSetup, timeoutMs: number): Promise<{ identity: CarrierIdentity; head: Buffer }> {
  const reader = new FrameReader('carrier');
  return new Promise((resolve, reject) => {
    const finish = (): void => {
      clearTimeout(timer);
      stream.off('data', read).off('error', fail).off('close', closed).off('end', closed);
    };
    const fail = (error: Error): void => {
      finish();
      // Late errors of a stream that is being closed have no other reader.
      stream.on('error', () => {});
      if (error instanceof ProtocolError) stream.end(encodeJson('ERROR', 0, { code: error.wireCode, message: error.message }), () => stream.destroy());
      else stream.destroy();
      reject(error);
    };
    const closed = (): void => fail(Object.assign(new Error('the peer refused our key, or died, before it said its set-up again'), { code: 'ERR_LSTP_CARRIER_CLOSED' }));
    const timer = setTimeout(() => fail(Object.assign(new Error(`the peer did not say its set-up again within ${timeoutMs} ms`), { code: 'ERR_LSTP_CARRIER_TIMEOUT' })), timeoutMs);
    const read = (chunk: Buffer): void => {
      try {
        const identity = readSetup(reader, chunk, setup);
        if (identity === undefined) return;
        stream.pause();
        finish();
        resolve({ identity, head: reader.takeRest() });
      } catch (error) {
        fail(error as Error);
      }
    };
    stream.on('data', read).on('error', fail).on('close', closed).on('end', closed);
    stream.write(setup.frames());
  });
}

function readSetup(reader: FrameReader, chunk: Buffer, setup: CarrierSetup): CarrierIdentity | undefined {
  reader.push(chunk);
  for (let frame = reader.next(); frame !== undefined; frame = reader.next()) {
    const identity = frame.name === 'ERROR' ? raise(frame.payload) : setup.handleFrame(frame);
    if (identity !== undefined) return identity;
  }
  return undefined;
}

function raise(payload: Buffer): never {
  const { code, message } = decodeJson('ERROR', payload);
  throw new ProtocolError(code, `the peer says: ${message ?? code}`);
}
