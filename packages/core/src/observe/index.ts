/** What a node lets people and machines see of it: its log and its metrics. Imported apart (`@lstp/core/observe`), never by protocol/ or io/. */
export * from './logger.js';
export * from './metrics.js';
export * from './redact.js';
