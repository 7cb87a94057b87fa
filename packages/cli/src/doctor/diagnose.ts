/** From the step at which a way ended, and what came back, to the likely cause and what to do, in plain words. */
import type { Diagnosis } from './report.js';

export interface Finding {
  readonly step: string;
  /** The system's, lstp's, or the wire's. */
  readonly code: string;
  readonly node: string;
  readonly neighbour: string;
  /** What the step was about: a proxy, or the neighbour. */
  readonly isProxy: boolean;
  /** Whether the egress gives that proxy a user. */
  readonly hasUser: boolean;
  /** Of a leg that ended: the other side said so. */
  readonly isTold: boolean;
}

type Diagnose = (finding: Finding) => Diagnosis;

/** Undefined: not known. */
export function diagnose(finding: Finding): Diagnosis | undefined {
  const ofLeg = finding.step === 'leg' || finding.step === 'key' ? LEG[finding.code] : undefined;
  return (ofLeg ?? (finding.step === 'name' ? unknownName : undefined) ?? BY_CODE[finding.code])?.(finding);
}

const unknownName: Diagnose = ({ isProxy }) => ({
  cause: 'this machine finds no address for that name',
  remedy: isProxy ? 'correct the name of the proxy in `egress`, or write its address' : 'correct the name in `address`; where only a proxy knows the names outside, name that proxy in `egress`',
});

const rejected: Diagnose = ({ isProxy }) => ({
  cause: 'a firewall on the way rejects the connection, or there is no route',
  remedy: isProxy ? 'correct the address of the proxy in `egress`; ask those who run the firewall' : 'where only a proxy may go out, name it in `egress`',
});

const silent: Diagnose = ({ isProxy }) => ({
  cause: 'a firewall on the way drops the packets without a word, or the machine is off',
  remedy: isProxy ? 'correct the address of the proxy in `egress`; look whether it runs' : 'where only a proxy may go out, name it in `egress`; or let the neighbour be dialed at a port that passes, such as 443',
});

const BY_CODE: Readonly<Record<string, Diagnose>> = {
  ENOTFOUND: unknownName,
  EAI_AGAIN: unknownName,
  EHOSTUNREACH: rejected,
  ENETUNREACH: rejected,
  EACCES: rejected,
  EPERM: rejected,
  ETIMEDOUT: silent,
  ERR_LSTP_DIAL_TIMEOUT: silent,
  ECONNREFUSED: ({ isProxy, neighbour }) =>
    isProxy
      ? { cause: 'no proxy listens there', remedy: 'start the proxy, or correct its host and port in `egress`' }
      : { cause: `${neighbour} does not run, or listens elsewhere`, remedy: `start it with \`lstp up FILE --as ${neighbour}\`; compare its \`listen\` with its \`address\`` },
  ERR_LSTP_PROXY_AUTH: ({ hasUser }) =>
    hasUser
      ? { cause: 'the proxy does not accept the user and password of the egress', remedy: 'correct them; until then a running node asks it rarely, so that no account is locked' }
      : { cause: 'the proxy wants to know who asks', remedy: 'write user and password into `egress`: SCHEME://USER:${file:PATH}@HOST:PORT' },
  ERR_LSTP_PROXY_REFUSED: ({ neighbour }) => ({ cause: 'a rule of the proxy forbids this host or port', remedy: `ask those who run the proxy to allow it; or let ${neighbour} be dialed at a port that it allows, such as 443 (wss://)` }),
  ERR_LSTP_PROXY_TARGET: ({ neighbour }) => ({ cause: `the proxy works, and does not get to ${neighbour}: its name is not known there, it does not run, or a firewall beyond drops it`, remedy: `look whether ${neighbour} runs and whether \`address\` is what others outside dial` }),
  ERR_LSTP_PROXY_ANSWER: () => ({ cause: 'what answers is no proxy of that kind', remedy: 'correct scheme, host or port in `egress`: socks5:// for SOCKS, http:// for CONNECT' }),
  ERR_LSTP_PROXY_CLOSED: () => ({ cause: 'the proxy hung up in the middle: another kind of server, a rule about who may ask, or too many connections', remedy: 'look at the log of the proxy; compare scheme and port in `egress`' }),
  ERR_LSTP_PROXY_TIMEOUT: ({ neighbour }) => ({ cause: `the proxy says nothing: it tries to reach ${neighbour} in vain, or is another kind of server`, remedy: `look whether ${neighbour} runs; compare scheme and port in \`egress\`` }),
  ERR_LSTP_EGRESS: () => ({ cause: 'the egress cannot be used as it is written', remedy: 'follow the message' }),
  ERR_LSTP_SECRET: () => ({ cause: 'a variable or file that the egress refers to is not there', remedy: 'set it for this node' }),
  ERR_LSTP_LEG_TLS: ({ isProxy }) => ({
    cause: 'what answers has no certificate that this node believes for that name, or does not speak TLS',
    remedy: isProxy ? 'correct the name of the proxy; name the authority of its certificate with `authorities`' : 'correct `address` or the certificate; name its authority with `authorities` of this node. If a firewall opens TLS on its way, there is no remedy but another way',
  }),
  ERR_LSTP_LEG_WEBSOCKET: ({ neighbour }) => ({ cause: `a web server answers, and not ${neighbour}`, remedy: `compare the path in \`address\` with \`listen\` and with the web server in front; look whether ${neighbour} runs, and whether Upgrade is passed on` }),
  ERR_LSTP_LEG_CLOSED: ({ neighbour }) => ({ cause: 'the connection was closed in the middle of TLS or WebSocket', remedy: `look at the log of ${neighbour}, and of what stands in front of it` }),
  ERR_LSTP_LEG_TIMEOUT: ({ neighbour }) => ({ cause: 'what answers says nothing in TLS or WebSocket', remedy: `look at what listens there, and at what stands in front of ${neighbour}` }),
  ERR_LSTP_SCHEME: () => ({ cause: 'no plugin is there for that scheme', remedy: 'use one that `lstp plugins` lists, or name the plugin in `plugins`' }),
};

/** When the connection is there, and a node should speak. */
const LEG: Readonly<Record<string, Diagnose>> = {
  REFUSED: ({ isTold, node, neighbour }) =>
    isTold
      ? { cause: `${neighbour} does not know the key of ${node}`, remedy: `give both the same chain file, and run \`lstp reload\` there; the log of ${neighbour} has the key that came` }
      : { cause: `another machine than ${neighbour} answers there, or ${neighbour} has a new key`, remedy: `correct \`address\`; or put its public key (\`lstp keygen\` printed it) into the file` },
  VERSION: ({ neighbour }) => ({ cause: `${neighbour} runs an lstp of another version`, remedy: 'use versions that overlap' }),
  PROTOCOL: () => ({ cause: 'what answers is no node of lstp', remedy: 'correct host and port in `address`; behind a web server it is ws:// or wss://, behind TLS it is tls://' }),
  TIMEOUT: () => ({ cause: 'what answers says nothing: it is no node of lstp, or not over this scheme', remedy: 'correct `address`; behind a web server it is ws:// or wss://, behind TLS it is tls://' }),
  LOST: ({ neighbour }) => ({ cause: 'what answers hung up without a word: no node of lstp, a proxy that could not get there after all, or a node with too many strangers', remedy: `look whether ${neighbour} runs, and at its log` }),
};
