/**
 * The schema of the chain file, piece by piece: parse-chain.ts checks each piece on its own, so that a fault in
 * one hides none in another; json-schema.ts and docs/config.md are made from the same pieces.
 */
import { z } from 'zod';
import { CONFIGURED_SLOTS, KEYS_PER_NODE } from '../protocol/index.js';
import { allowPatternSchema } from './allow.js';
import { parseDuration } from './duration.js';
import { egressSchema } from './egress-schema.js';
import { parseAddress, parseListen } from './leg-address.js';
import { parseNetwork } from './network.js';
import { parsePublicKey } from './public-key.js';
import { hasReference } from './secret.js';
import { expecting, textForm } from './text-form.js';

/** Entries of a list of addresses or plugins. */
const MAX_LIST = 64;
/** Entries of `allow` and of `users`. */
const MAX_ALLOWED = 1024;
/** Entries of `monitors` and of `rewriters`. */
const MAX_ATTACHED = 8;
const DEFAULT_GRACE_MS = 300_000;

const publicKey = textForm(parsePublicKey, { expected: 'a public key', example: 'ed25519: and 43 characters, as `lstp keygen NODE` prints' });
const listenAddress = textForm(parseListen, { expected: 'HOST:PORT', example: '0.0.0.0:7070' });
const network = textForm(parseNetwork, { expected: 'an address or network', example: '10.1.0.0/16' });
const dialedAddress = textForm(parseAddress, { expected: 'HOST:PORT', example: 'west.example.net:7070' });

export const nodeSchema = z
  .strictObject(
    {
      key: oneOrMore(publicKey, KEYS_PER_NODE)
        .optional()
        .describe('Its public key, as `lstp keygen NODE` prints it; a list while a key is being rotated. Only a trial (`lstp up FILE --all`) does without.'),
      listen: oneOrMore(listenAddress, MAX_LIST)
        .optional()
        .describe('Where it takes legs: `host:port` (tcp), or a URL of `tcp`, `tls`, `ws`, `wss`; a list for several. Every node that a route dials needs it.'),
      address: oneOrMore(dialedAddress, MAX_LIST)
        .optional()
        .describe('What others dial, in the same forms; a list is alternatives. `listen` serves if it is absent and no wildcard.'),
      egress: egressSchema.optional(),
      authorities: path('the path of a file of certificate authorities', 'ca.pem')
        .optional()
        .describe('A file (PEM) of certificate authorities that it believes beside the system\'s, for `tls` and `wss` nodes and `https` proxies that it dials. Like every path here, it begins at the folder of the chain file.'),
      certificate: z
        .strictObject(
          { chain: path('the path of a certificate', 'west.pem').describe('The certificate, and those between it and its authority (PEM).'), key: path('the path of a key', 'west.key').describe('Its private key (PEM).') },
          { error: expecting({ expected: 'a map of chain and key', example: '{ chain: west.pem, key: west.key }' }) },
        )
        .optional()
        .describe('`{ chain: FILE, key: FILE }`: what it shows where it listens over `tls` and `wss`. Without it, a certificate of its own key, which nodes with this file believe and nobody else.'),
      proxyProtocol: oneOrMore(network, MAX_LIST)
        .optional()
        .describe('Addresses or networks of load balancers whose connections to it begin with a header of the PROXY protocol, version 2, which names their true source. From others it is not taken.'),
      admit: z
        .string({ error: expecting({ expected: 'the path of a file of admitted keys', example: 'keys.txt' }) })
        .min(1)
        .optional()
        .describe('For a relay for many: a file with one line for each public key that may be relayed, and the common names it may use (`*`: any).'),
    },
    { error: expecting({ expected: 'a map with key, listen, address, egress', example: '{ listen: "0.0.0.0:7070" }' }) },
  )
  .describe('One proxy. Its place in the routes makes it an end or a middle.');

const FLAG = { expected: 'true or false', example: 'true' };

const ENTRY = { expected: 'a plugin', example: 'record, or { plugin: record, at: desk } with its options' };

/** A plugin that takes part in something: its name, or a map with its options. */
const attachedSchema = z.union(
  [
    word('record'),
    z.looseObject({
      plugin: word('record').describe('Which plugin. `lstp plugins` lists them.'),
      at: z.string().optional().describe('The end at which it works. Default: the one where applications connect.'),
    }),
  ],
  { error: expecting(ENTRY) },
);

/** The keys of an entry that are not its plugin's. */
export const ATTACHED_KEYS: readonly string[] = ['plugin', 'at'];

/** A user, or a group with `@` in front. */
const userSchema = z
  .string({ error: expecting({ expected: 'a user, or a group with @ in front', example: 'ann or "@ops"' }) })
  .regex(/^@?[^\s@,][^\s,]{0,253}$/, { error: 'a user or @group is one word; write ann or "@ops"' });

/** The keys that every service has; all others belong to its plugin. */
export const serviceSchema = z.object(
  {
    plugin: word('forward').default('forward').describe('What kind of service it is. `lstp plugins` lists them.'),
    at: z
      .string({ error: expecting({ expected: 'the end of the tunnel where applications connect', example: 'desk' }) })
      .describe('The end where applications connect; the other end connects to the real server.'),
    carrier: z
      .enum(['shared', 'own'])
      .default('shared')
      .describe("`own` gives each connection a tunnel connection of its own instead of a share of the tunnel's."),
    codec: word('zlib').optional().describe('Compresses this service, `zlib` for one. Off by default.'),
    allow: z
      .array(allowPatternSchema)
      .max(MAX_ALLOWED)
      .optional()
      .describe('For services whose applications choose the target, such as `socks`: `host-pattern:port` or `CIDR:port`; a port is `443`, `1-1023` or `*`. Without it they reach nothing.'),
    users: z
      .array(userSchema)
      .min(1)
      .max(MAX_ALLOWED)
      .optional()
      .describe('Who may use it: users that have logged in (`login` of the tunnel), and groups as `"@ops"`. Without it: everybody at the other end.'),
    monitors: z.array(attachedSchema).max(MAX_ATTACHED).optional().describe('Plugins that see its bytes: a name, or `{ plugin, at, ... }` with their options. Without it, a service of a plugin that watches is watched by it; `[]`: by none.'),
    rewriters: z.array(attachedSchema).max(MAX_ATTACHED).optional().describe('Plugins that change its bytes, from the application on: a name, or `{ plugin, at, ... }` with their options.'),
  },
  { error: expecting({ expected: 'a map with at and the options of its plugin', example: '{ at: desk, to: "intranet.acme:80" }' }) },
);

export const tunnelSchema = z
  .strictObject(
    {
      common: z
        .string({ error: expecting({ expected: 'a text', example: 'the same one at both ends' }) })
        .min(1)
        .max(255)
        .optional()
        .describe("The common name by which its ends are paired. Default: the tunnel's name."),
      route: z
        .union([z.string(), z.array(z.string()).min(1)], { error: expecting({ expected: 'a route', example: '"desk > west < lab"' }) })
        .describe('Who dials whom, from the left end to the right: `desk > west > east < lab`. A list is alternatives in order of preference; `(west | south)` in one is shorthand for two.'),
      carriers: z
        .int({ error: expecting({ expected: `a whole number from 1 to ${CONFIGURED_SLOTS}`, example: '2' }) })
        .min(1)
        .max(CONFIGURED_SLOTS)
        .default(1)
        .describe('How many tunnel connections (carriers) there are at once: 1 to 8. They go over different alternatives of `route`, where it has several; connections move to those that live.'),
      spread: z.boolean({ error: expecting(FLAG) }).default(false).describe('Whether what flows is spread over all carriers, so that one connection may use the sum of them; else it goes over one, and the others stand by.'),
      grace: textForm(parseGrace, { expected: 'a span of time', example: '30s, 5m or 1h' })
        .default(DEFAULT_GRACE_MS)
        .describe('How long connections are kept while no carrier can be established. `0s` to `24h`; `5m` unless written.'),
      login: z
        .looseObject(
          {
            plugin: word('login').default('login').describe('How people log in. `lstp plugins` lists what there is.'),
            at: z.string({ error: expecting({ expected: 'the end that logs in', example: 'desk' }) }).describe('The end that gives name and password; the other one checks them.'),
          },
          { error: expecting({ expected: 'a map with at and the options of its plugin', example: '{ at: desk, user: ann, password: "${env:PASSWORD}" }' }) },
        )
        .optional()
        .describe('Who uses the tunnel, for services with `users`: `at` is the end that gives name and password, the other one checks them.'),
      services: z
        .record(z.string(), z.unknown(), { error: expecting({ expected: 'a map of services by name', example: '{ web: { at: desk, to: "intranet.acme:80" } }' }) })
        .optional()
        .describe('What can be reached through it, by name.'),
    },
    { error: expecting({ expected: 'a map with route and services', example: '{ route: "desk > west < lab" }' }) },
  )
  .describe('An association of two ends.');

/** The top of the file; nodes and tunnels are checked piece by piece. */
export const fileSchema = z.strictObject({
  lstp: z.unknown().optional().describe('The version of this format: `1`.'),
  nodes: z.unknown().optional().describe('Every proxy, by name.'),
  tunnels: z.unknown().optional().describe('Every tunnel, by name. Only a relay for many has none.'),
  plugins: z
    .array(z.string().min(1), { error: expecting({ expected: 'a list of plugin modules', example: '["./my-plugin.js"]' }) })
    .max(MAX_LIST)
    .optional()
    .describe('Further plugin modules: a path from this file, or a package name.'),
});

function word(example: string) {
  return z.string({ error: expecting({ expected: 'a name', example }) });
}

function path(expected: string, example: string) {
  return z.string({ error: expecting({ expected, example }) }).min(1);
}

/** One, or a list of at least one; as a list. */
function oneOrMore<T>(one: z.ZodType<T, string>, max: number) {
  return z.union([one.transform((value) => [value]), z.array(one).min(1).max(max)]);
}

/** Not yet known where it is a reference that is not filled in. */
function parseGrace(text: string): number {
  return hasReference(text) ? DEFAULT_GRACE_MS : parseDuration(text);
}
