/** What a `forward` service says in the chain file. */
import { serviceAddressSchema, serviceListenSchema } from '@lstp/core';
import { z } from 'zod';

export const FORWARD_OPTIONS = z.strictObject({
  listen: serviceListenSchema.optional().describe('Where applications connect: `host:port`, `[v6]:port` or `unix:/path`. Without it the service is for `lstp connect` only.'),
  to: serviceAddressSchema.describe('The real server, as the far end reaches it: `host:port`, `[v6]:port` or `unix:/path`. Names are resolved there.'),
});

export type ForwardOptions = z.output<typeof FORWARD_OPTIONS>;
