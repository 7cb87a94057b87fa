/**
 * One request in absolute form and its answer, over a channel of its own: what the server does with its connection is
 * nobody else's business then, and the next request may go to another server. RFC 9110, section 7.6; RFC 9112.
 *
 *   client  --request-->  rewritten head, content  -->  channel
 *   client  <--answer---  rewritten head, content  <--  channel
 */
import type { Duplex } from 'node:stream';
import { ChannelRefusal, closeAfter, type ChannelOpener, type JoinedChannel } from '@lstp/core';
import { ByteSource } from './byte-source.js';
import { copyContent, write } from './content-copy.js';
import { forwardedAnswer, forwardedInterim, forwardedRequest, forwardedSwitch, offeredUpgrade, parseStatus, type StatusHead } from './forwarded-head.js';
import { requestFraming, responseFraming, type Framing } from './framing.js';
import { HttpFault } from './http-fault.js';
import { formatHead, type MessageHead } from './message-head.js';
import { faultOf } from './proxy-answer.js';
import { readHead } from './read-head.js';
import type { ProxyRequest } from './request-target.js';
import { streamPair } from './stream-pair.js';

export interface ExchangeOptions {
  readonly client: Duplex;
  /** Of the client's bytes. */
  readonly source: ByteSource;
  readonly channels: ChannelOpener;
  readonly head: MessageHead;
  readonly request: ProxyRequest;
  /** The client's address. */
  readonly from: string | undefined;
  /** Whether the client's connection can go on. */
  readonly connection: 'keep-alive' | 'close';
}

/** `switched`: the connection is the server's, for another protocol. */
export type ExchangeEnd = 'keep-alive' | 'close' | 'switched';

/** One that ends its direction may wait so long for an answer to begin: most have left, and look no different. */
const HALF_CLOSED_MS = 2000;

export class Exchange {
  readonly #options: ExchangeOptions;
  readonly #framing: Framing;
  readonly #upgrade: string | undefined;
  #upload: 'running' | 'complete' | 'broken' = 'running';
  #uploadFault: HttpFault | undefined;
  #answered = false;

  /** Throws HttpFault where the request cannot be forwarded. */
  constructor(options: ExchangeOptions) {
    const { head, request } = options;
    this.#options = options;
    this.#framing = requestFraming(head.fields, request.version);
    this.#upgrade = this.#framing.kind === 'none' ? offeredUpgrade(head, request) : undefined;
  }

  /** Whether the client was given anything of the server's answer: nothing else can be answered then. */
  get isAnswered(): boolean {
    return this.#answered;
  }

  /** Whether the whole request was read: the next one follows. */
  get isRead(): boolean {
    return this.#upload === 'complete';
  }

  /** Rejects with HttpFault where the client is to be told; with anything else where its connection is of no use any more. */
  async run(): Promise<ExchangeEnd> {
    const { channels, head, request, from } = this.#options;
    const forwarded = forwardedRequest(head, request, { framing: this.#framing, upgrade: this.#upgrade });
    const [near, far] = streamPair();
    near.on('error', () => {});
    const server = new ByteSource(near);
    const joined = channels.join(far, { target: request.target, ...(from === undefined ? {} : { source: from }) });
    const unwatch = this.#watchClient(near);
    try {
      near.write(formatHead(forwarded));
      void this.#send(near);
      const answer = await this.#finalHead(server, joined);
      if (answer.status === 101) return this.#switch(answer, near, server);
      const end = await this.#answer(answer, server);
      server.release();
      closeAfter(near);
      return end;
    } catch (error) {
      near.destroy();
      throw this.#uploadFault ?? error;
    } finally {
      unwatch();
    }
  }

  /** A client that is gone, or that leaves and gets no answer, needs the server no more. */
  #watchClient(near: Duplex): () => void {
    const { client, source } = this.#options;
    let timer: NodeJS.Timeout | undefined;
    const handleClose = (): void => void near.destroy();
    const handleEnd = (): void => void (timer ??= setTimeout(() => this.#answered || near.destroy(), HALF_CLOSED_MS));
    client.on('close', handleClose).on('end', handleEnd);
    if (client.destroyed) near.destroy();
    if (source.isEnded) handleEnd();
    return () => {
      clearTimeout(timer);
      client.off('close', handleClose).off('end', handleEnd);
    };
  }

  /** The content, while the answer is awaited: a server may answer before it has read all. */
  async #send(near: Duplex): Promise<void> {
    const { source } = this.#options;
    try {
      await copyContent({ from: source, framing: this.#framing, to: near, as: this.#framing.kind === 'chunked' ? 'chunked' : 'plain' });
      this.#upload = 'complete';
    } catch (error) {
      this.#upload = 'broken';
      // Of the client's making; where the server is what broke, its answer may still be there.
      if (!(error instanceof HttpFault)) return;
      this.#uploadFault = error;
      near.destroy();
    }
  }

  /** Interim answers (100, 103) are passed on as they come. */
  async #finalHead(server: ByteSource, joined: JoinedChannel): Promise<StatusHead> {
    for (;;) {
      const head = await readHead(server).catch((error: unknown) => (error instanceof HttpFault ? Promise.reject(new HttpFault(502, `the server's answer: ${error.message}`)) : undefined));
      if (head === undefined) throw await whyNothingCame(joined);
      const answer = parseStatus(head);
      if (answer.status === 101 && this.#upgrade === undefined) throw new HttpFault(502, 'the server goes over to another protocol, which was not asked for');
      if (answer.status >= 200 || answer.status === 101) return answer;
      if (this.#options.request.version === '1.1') await write(this.#options.client, [formatHead(forwardedInterim(answer))]);
    }
  }

  async #answer(head: StatusHead, server: ByteSource): Promise<ExchangeEnd> {
    const { client, request, connection } = this.#options;
    const framing = responseFraming(head.fields, { status: head.status, method: request.method });
    const isOpen = framing.kind === 'chunked' || framing.kind === 'until-close';
    const onward: Framing = isOpen ? { kind: request.version === '1.1' ? 'chunked' : 'until-close' } : framing;
    // What of the request is not read yet stands between this answer and the next request.
    const end = this.isRead && onward.kind !== 'until-close' ? connection : 'close';
    this.#answered = true;
    await write(client, [formatHead(forwardedAnswer(head, { framing: onward, connection: end }))]);
    await copyContent({ from: server, framing, to: client, as: onward.kind === 'chunked' ? 'chunked' : 'plain' });
    return end;
  }

  #switch(head: StatusHead, near: Duplex, server: ByteSource): 'switched' {
    const { client, source } = this.#options;
    this.#answered = true;
    client.write(formatHead(forwardedSwitch(head)));
    for (const [from, to, reader] of [[client, near, source], [near, client, server]] as const) {
      to.write(reader.release());
      from.pipe(to);
      from.on('error', () => to.destroy()).on('close', () => from.readableEnded || to.destroy());
    }
    return 'switched';
  }
}

/** The server's connection ended before an answer: because there never was one, or because it said nothing. */
async function whyNothingCame({ connected }: JoinedChannel): Promise<HttpFault> {
  try {
    await connected;
    return new HttpFault(502, 'the server closed the connection and answered nothing');
  } catch (error) {
    return error instanceof ChannelRefusal ? faultOf(error) : new HttpFault(502, (error as Error).message);
  }
}
