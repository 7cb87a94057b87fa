/** What a `socks` service says in the chain file. */
import { serviceListenSchema } from '@lstp/core';
import { z } from 'zod';

export const SOCKS_OPTIONS = z.strictObject({
  listen: serviceListenSchema.optional().describe('Where applications find a SOCKS server (versions 4, 4a and 5): `host:port`, `[v6]:port` or `unix:/path`. Without it the service is for `lstp connect` only.'),
  bind: z.boolean().default(true).describe('Whether applications may have the far end listen for one connection (BIND).'),
  udp: z.boolean().default(true).describe('Whether applications may send datagrams (UDP ASSOCIATE).'),
});

export type SocksOptions = z.output<typeof SOCKS_OPTIONS>;
