/**
 * The plugin `finger`: finger (RFC 1288) through a tunnel. `finger ann@build.acme`, asked of the front end, is answered by
 * build.acme, which only the far end can reach. A small protocol with all that a larger one has: copy it, and put yours in its place.
 */
import { definePlugin, PLUGIN_API, serviceListenSchema, z } from 'lstp/plugin';
import { FingerBackEnd } from './back-end.js';
import { FingerFrontEnd } from './front-end.js';

/** @typedef {z.output<typeof OPTIONS_SCHEMA>} Options */
export const OPTIONS_SCHEMA = z.strictObject({
  listen: serviceListenSchema.describe('Where finger clients ask: `host:port`, `[v6]:port` or `unix:/path`.'),
  port: z.int().min(1).max(65535).default(79).describe('The port of the servers.'),
});

export default definePlugin({
  name: 'finger',
  api: PLUGIN_API,
  about: 'finger: asks user@host of the host, as the far end reaches it',
  options: OPTIONS_SCHEMA,
  // The client names the host: the service needs `allow`, and the far end compares every target with it.
  targets: 'chosen',
  frontEnd: FingerFrontEnd,
  backEnd: FingerBackEnd,
});
