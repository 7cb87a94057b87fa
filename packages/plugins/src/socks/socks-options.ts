/** What a `socks` service says in the chain file. */
import { serviceListenSchema } from '@lstp/core';
import { z } from 'zod';

export const SOCKS_OPTIONS = z.strictObject({
  listen: serviceListenSchema.optional().describe('Where applications find a SOCKS server (versions 4, 4a and 5): `host:port`, `[v6]:port` or `unix:/path`. Without it the service is for `lstp connect` only.'),
  accounts: z.string().min(1).optional().describe('A file of users, as `lstp passwd FILE USER` writes it: applications must give user and password then (SOCKS 5 only: 4 has none). Relative to the chain file; `lstp reload` reads it again.'),
  bind: z.boolean().default(true).describe('Whether applications may have the far end listen for one connection (BIND).'),
  udp: z.boolean().default(true).describe('Whether applications may send datagrams (UDP ASSOCIATE).'),
});

export type SocksOptions = z.output<typeof SOCKS_OPTIONS>;
