/**
 * A way out through one HTTP proxy: CONNECT, over TLS where it is `https`. Names go to the proxy as they are.
 *
 * User and password are told only to a proxy that asks for them, and to one that has Digest never in clear. How it wants
 * to be answered is remembered, so that only the first leg asks twice.
 */
import type { Duplex } from 'node:stream';
import { formatHostPort, type LegDialerRole, type LegDialRequest } from '@lstp/core';
import { formatPlace, LegError } from '../leg-handshake/leg-error.js';
import { PROXY_CODES, runHandshake } from '../leg-handshake/leg-handshake.js';
import { secureClient } from '../leg-handshake/secure-client.js';
import { parseChallenges } from './challenges.js';
import { askConnect, type ConnectAnswer } from './connect-request.js';
import { answeringOf, isStale, type Answering } from './credentials.js';

/** Proxies whose way to be answered is remembered. */
const MOST_REMEMBERED = 256;

export class HttpConnectDialer implements LegDialerRole {
  readonly #answerings = new Map<string, Answering>();

  async dial(first: Duplex, request: LegDialRequest): Promise<Duplex> {
    const place = formatPlace(request.address);
    const known = this.#answerings.get(place);
    const { stream, answer } = await this.#ask(first, request, known);
    if (answer.status !== 407) return accepted(stream, answer, request);
    stream.destroy();
    const answering = this.#learn(place, { request, answer, known });
    request.onStep?.(`${answering.scheme === 'digest' ? 'Digest' : 'Basic'} authentication`);
    if (request.redial === undefined) throw new LegError('ERR_LSTP_PROXY_AUTH', `${place} wants to be asked again, with user and password, and there is no second connection to it`);
    const second = await this.#ask(await request.redial(), request, answering);
    return accepted(second.stream, second.answer, request);
  }

  async #ask(raw: Duplex, request: LegDialRequest, answering: Answering | undefined): Promise<{ readonly stream: Duplex; readonly answer: ConnectAnswer }> {
    const { address, signal, target, user, password = '', authorities } = request;
    const place = formatPlace(address);
    const stream = address.scheme === 'https' ? await secureClient(raw, { ...request, place, alpn: ['http/1.1'], codes: PROXY_CODES, authorities }) : raw;
    const answer = await runHandshake(stream, { place, signal, codes: PROXY_CODES }, () => {
      if (target === undefined) throw new LegError('ERR_LSTP_EGRESS', `${place}: an HTTP proxy is a way to another place, and none was named`);
      const authority = formatHostPort(target);
      request.onStep?.('CONNECT');
      return askConnect(stream, { place, authority, authorization: user === undefined ? undefined : answering?.answer({ method: 'CONNECT', uri: authority, user, password }) });
    });
    return { stream, answer };
  }

  /** From a 407: how to answer it. Throws where that is of no use. */
  #learn(place: string, { request: { user }, answer, known }: { readonly request: LegDialRequest; readonly answer: ConnectAnswer; readonly known: Answering | undefined }): Answering {
    const challenges = parseChallenges(answer.challenges);
    const schemes = challenges.map(({ scheme }) => scheme).join(', ');
    if (user === undefined) throw new LegError('ERR_LSTP_PROXY_AUTH', `${place} wants user and password (HTTP 407, ${schemes || 'no scheme named'}); write SCHEME://USER:PASSWORD@HOST:PORT in the egress`);
    const answering = answeringOf(challenges);
    if (answering === undefined) throw new LegError('ERR_LSTP_PROXY_AUTH', `${place} wants to be answered by ${schemes || 'a scheme that it does not name'} (HTTP 407); lstp has Basic and Digest`);
    this.#answerings.delete(place);
    const wasRight = known === undefined || isStale(challenges) || known.scheme !== answering.scheme;
    if (!wasRight && known.scheme === 'basic') throw wrongPassword(place, 407);
    if (this.#answerings.size >= MOST_REMEMBERED) this.#answerings.clear();
    this.#answerings.set(place, answering);
    return answering;
  }
}

/** The stream, or why there is none. */
function accepted(stream: Duplex, { status, reason, detail }: ConnectAnswer, { address, target, user }: LegDialRequest): Duplex {
  if (status >= 200 && status < 300) return stream;
  stream.destroy();
  const place = formatPlace(address);
  const where = target === undefined ? '' : formatHostPort(target);
  const said = `HTTP ${status}${reason === '' ? '' : ` ${reason}`}${detail === '' ? '' : `, ${detail}`}`;
  // tinyproxy says 401 to a wrong one.
  if (status === 407 || (status === 401 && user !== undefined)) throw wrongPassword(place, status);
  if (status === 403 || status === 405) throw new LegError('ERR_LSTP_PROXY_REFUSED', `${place} does not allow connections to ${where} by its rules (${said})`);
  if (status >= 500) throw new LegError('ERR_LSTP_PROXY_TARGET', `${place} could not connect to ${where} (${said})`);
  if (status >= 300 && status < 400) throw new LegError('ERR_LSTP_PROXY_ANSWER', `${place} sends elsewhere instead of connecting (${said}): a log-in page, or no proxy`);
  throw new LegError('ERR_LSTP_PROXY_ANSWER', `${place} did not connect to ${where} (${said}): it is perhaps a web server, not a proxy`);
}

function wrongPassword(place: string, status: number): LegError {
  return new LegError('ERR_LSTP_PROXY_AUTH', `${place} does not accept user and password (HTTP ${status}); correct them in the egress`);
}
