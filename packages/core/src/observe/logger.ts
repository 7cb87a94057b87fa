/**
 * The log: one event a line, to standard error, fields as an object, the same names everywhere
 * (node, tunnel, carrier, channel, peer, service, leg). Standard output belongs to what a command answers.
 *
 *   const logger = await createLogger({ level: 'info', format: 'json' });
 *   logger.child({ node: 'desk' }).info({ tunnel, carrier }, 'carrier established');
 */
import { Writable } from 'node:stream';
import type { DestinationStream, Logger, LoggerOptions } from 'pino';
import { SECRET_FIELDS, redactUrls } from './redact.js';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** `pretty` for people, `json` for machines: one object a line. */
export const LOG_FORMATS = ['pretty', 'json'] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

export interface LogSettings {
  readonly level?: LogLevel;
  /** Pretty where standard error is a terminal, else json. */
  readonly format?: LogFormat;
  /** Standard error if absent. Not closed by the logger. */
  readonly destination?: Writable;
}

/** Secrets are taken out by field name, and proxy passwords from every text. Loads pino when called, not before. */
export async function createLogger({ level = 'info', format = defaultFormat(), destination }: LogSettings = {}): Promise<Logger> {
  const { pino } = await import('pino');
  const options: LoggerOptions = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: { paths: SECRET_FIELDS.flatMap((name) => [`["${name}"]`, `*["${name}"]`]), censor: '***' },
    hooks: { streamWrite: redactUrls },
  };
  return pino(options, format === 'pretty' ? await prettyStream(destination) : (destination ?? (await standardError())));
}

function defaultFormat(): LogFormat {
  return process.stderr.isTTY ? 'pretty' : 'json';
}

/** Written at once: the last words of a process that dies are the ones that matter. */
async function standardError(): Promise<DestinationStream> {
  const { destination } = await import('pino');
  const stream = destination({ fd: process.stderr.fd, sync: true });
  // Whoever read our log is gone (EPIPE): that is no reason for a node to stop.
  stream.on('error', () => {});
  return stream;
}

async function prettyStream(destination: Writable | undefined): Promise<DestinationStream> {
  const { default: pretty } = await import('pino-pretty');
  const stream = pretty({
    destination: destination ?? process.stderr.fd,
    sync: true,
    colorize: destination === undefined && process.stderr.isTTY && process.env['NO_COLOR'] === undefined,
    translateTime: 'SYS:HH:MM:ss.l',
    singleLine: true,
    messageFormat: '{if node}{node}: {end}{msg}',
    ignore: 'node',
  });
  stream.on('error', () => {});
  return stream;
}
