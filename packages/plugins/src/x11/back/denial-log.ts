/** What a client of the display was refused, for the log and for counts. */
import type { Metrics } from '@lstp/core';
import type { Logger } from 'pino';
import type { Denied } from '../filter/index.js';

/** Lines of one client: whoever asks for everything is told of no more. */
const MOST_LINES = 20;

/** For one client. Each kind of request is one line, `audit: denied`; all of them are counted. Extensions that are hidden from everybody are no denials. */
export function denialLog({ logger, metrics, source }: { readonly logger: Logger; readonly metrics: Metrics; readonly source: string | undefined }): (denied: Denied) => void {
  const told = new Set<string>();
  return ({ request, rule }) => {
    if (rule === 'hidden') return;
    metrics.count('requests denied');
    if (told.has(request) || told.size >= MOST_LINES) return;
    told.add(request);
    logger.warn({ audit: 'denied', source, request, rule }, 'X request denied');
  };
}
