/**
 * A way out through one SOCKS proxy, by the package `socks`. Names go to the proxy as they are; SOCKS 4 takes none.
 * The stream is the one that came in: behind a proxy a leg is as fast as without.
 */
import { isIPv4 } from 'node:net';
import type { Duplex } from 'node:stream';
import { formatHostPort, type LegDialerRole, type LegDialRequest } from '@lstp/core';
import { formatPlace, LegError } from '../leg-handshake/leg-error.js';
import { PROXY_CODES, runHandshake } from '../leg-handshake/leg-handshake.js';
import { refusalOf } from './refusals.js';

/** What of the answers is kept for messages. */
const SEEN_BYTES = 64;
/** RFC 1929: user and password have a length of one byte. */
const MOST_CREDENTIAL_BYTES = 255;
/** The request's signal comes long before. */
const LIBRARY_TIMEOUT_MS = 600_000;

type Target = NonNullable<LegDialRequest['target']>;

export class SocksDialer implements LegDialerRole {
  async dial(stream: Duplex, request: LegDialRequest): Promise<Duplex> {
    const place = formatPlace(request.address);
    return runHandshake(stream, { place, signal: request.signal, codes: PROXY_CODES }, async () => {
      const target = checkedTarget(request, place);
      request.onStep?.(request.user === undefined ? 'SOCKS' : 'SOCKS, with user and password');
      await connectThrough(stream, request, { target, place });
      return stream;
    });
  }
}

async function connectThrough(stream: Duplex, { address, user, password }: LegDialRequest, { target, place }: { readonly target: Target; readonly place: string }): Promise<void> {
  const { SocksClient } = await import('socks');
  let seen: Buffer = Buffer.alloc(0);
  const see = (chunk: Buffer): void => {
    seen = chunk.subarray(0, SEEN_BYTES);
  };
  stream.on('data', see);
  try {
    const connecting = SocksClient.createConnection({
      command: 'connect',
      destination: target,
      existing_socket: stream,
      timeout: LIBRARY_TIMEOUT_MS,
      proxy: { host: address.host, port: address.port, type: address.scheme === 'socks5' ? 5 : 4, ...(user === undefined ? {} : { userId: user }), ...(password === undefined ? {} : { password }) },
    });
    // It may come paused, from the proxy before this one.
    stream.resume();
    await connecting;
    stream.off('data', see);
    await keepExcess(stream);
  } catch (error) {
    const { code, text } = refusalOf((error as Error).message, { target: formatHostPort(target), hasUser: user !== undefined, seen });
    throw new LegError(code, `${place} ${text}`, { cause: error });
  } finally {
    stream.off('data', see);
  }
}

/**
 * What came behind the proxy's last answer. The library emits it as 'data' in the next immediate, and resumes: without a
 * listener it would be lost, and what comes then, the end included, would be ahead of whoever is to read this stream.
 */
async function keepExcess(stream: Duplex): Promise<void> {
  const excess: Buffer[] = [];
  const collect = (chunk: Buffer): void => void excess.push(chunk);
  stream.on('data', collect);
  stream.resume = () => stream;
  await new Promise(setImmediate);
  delete (stream as Partial<Pick<Duplex, 'resume'>>).resume;
  stream.off('data', collect);
  if (excess.length > 0) stream.unshift(Buffer.concat(excess));
}

function checkedTarget({ address, target, user = '', password = '' }: LegDialRequest, place: string): Target {
  if (target === undefined) throw new LegError('ERR_LSTP_EGRESS', `${place}: a SOCKS proxy is a way to another place, and none was named`);
  if (address.scheme === 'socks4' && !isIPv4(target.host)) {
    throw new LegError('ERR_LSTP_EGRESS', `${place}: SOCKS 4 takes IPv4 addresses only, and ${target.host} is none; write socks4a:// or socks5://, which resolve names at the proxy`);
  }
  for (const [what, text] of [['user', user], ['password', password]]) {
    if (Buffer.byteLength(text ?? '') > MOST_CREDENTIAL_BYTES) throw new LegError('ERR_LSTP_EGRESS', `${place}: the ${what} has more than ${MOST_CREDENTIAL_BYTES} bytes, which SOCKS cannot carry`);
  }
  return target;
}
