/** What an `http-proxy` service says in the chain file, beside `allow`. */
import { serviceListenSchema } from '@lstp/core';
import { z } from 'zod';

export const HTTP_PROXY_OPTIONS = z.strictObject({
  listen: serviceListenSchema.optional().describe('Where HTTP clients find their proxy: `host:port`, `[v6]:port` or `unix:/path`. Without it the service is for `lstp connect` only.'),
  accounts: z.string().min(1).optional().describe('A file of users, as `lstp passwd FILE USER` writes it: clients must give user and password then (Basic). Relative to the chain file; `lstp reload` reads it again.'),
});

export type HttpProxyOptions = z.output<typeof HTTP_PROXY_OPTIONS>;
