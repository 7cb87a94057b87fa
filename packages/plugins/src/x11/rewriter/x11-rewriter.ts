/**
 * The policy, and what is hidden, for X connections of services of other plugins: `rewriters: [{ plugin: x11, at: lab,
 * windows: own }]` of a `forward` to an X server. Belongs at the end with the display: the other one could leave it out.
 */
import { Transform, type Duplex } from 'node:stream';
import { LOGGER, METRICS, OPTIONS, type ChannelFacts, type Metrics, type Rewriter, type Rewriting } from '@lstp/core';
import type { Logger } from 'pino';
import { inject, injectable } from 'tsyringe';
import { z } from 'zod';
import { denialLog } from '../back/denial-log.js';
import { HIDDEN_EXTENSIONS, POLICY_OPTIONS, X11Filter } from '../filter/index.js';

export const REWRITER_OPTIONS = z.strictObject({
  shm: z.boolean().default(false).describe('Whether clients may use extensions that pass shared memory or descriptors: where both ends are on one machine.'),
  ...POLICY_OPTIONS,
});

type RewriterOptions = z.output<typeof REWRITER_OPTIONS>;

@injectable()
export class X11Rewriter implements Rewriter {
  constructor(
    @inject(OPTIONS) private readonly options: RewriterOptions,
    @inject(LOGGER) private readonly logger: Logger,
    @inject(METRICS) private readonly metrics: Metrics,
  ) {}

  rewrite({ kind, role, source }: ChannelFacts): Rewriting | undefined {
    if (kind !== 'stream') return undefined;
    const { options, logger, metrics } = this;
    const filter = new X11Filter({ hiddenExtensions: options.shm ? [] : HIDDEN_EXTENSIONS, policy: options }, denialLog({ logger, metrics, source }));
    const requests = filtered((bytes) => filter.requests(bytes));
    const answers = filtered((bytes) => filter.answers(bytes));
    for (const stream of [requests, answers]) stream.once('error', (error) => logger.warn({ source, reason: error.message }, 'X client closed'));
    return role === 'front' ? { outgoing: requests, incoming: answers } : { outgoing: answers, incoming: requests };
  }
}

/** What the filter cannot follow ends the stream, and the channel with it. */
function filtered(filter: (bytes: Uint8Array) => Uint8Array[]): Duplex {
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      try {
        for (const piece of filter(chunk)) this.push(piece);
        done();
      } catch (error) {
        done(error as Error);
      }
    },
  });
}
