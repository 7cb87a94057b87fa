/** What a `forward` service says in the chain file. */
import { FormError, hasReference, parsePortSpan, parseServiceAddress, parseServiceListen, spanLength, textForm, type InheritedSocket, type PortSpan, type ServiceAddress } from '@lstp/core';
import { z } from 'zod';

/** Alternatives of `to`. */
const MAX_TARGETS = 16;
const ADDRESS = 'host:port, [v6]:port or unix:/path';

export type ForwardListen = ServiceAddress | PortSpan | InheritedSocket;
export type ForwardTarget = ServiceAddress | PortSpan;

const target = textForm((text): ForwardTarget => parsePortSpan(text) ?? parseServiceAddress(text), { expected: ADDRESS, example: 'intranet.acme:80' });

export const FORWARD_OPTIONS = z
  .strictObject({
    listen: textForm(parseListen, { expected: ADDRESS, example: '127.0.0.1:8080' })
      .optional()
      .describe('Where applications connect: `host:port`, `[v6]:port` or `unix:/path`; a span of ports, `127.0.0.1:8000-8010`; `systemd:NAME` for a socket that systemd hands over. Without it the service is for `lstp connect` only.'),
    to: z
      .union([target, z.array(target).min(1).max(MAX_TARGETS)])
      .describe('The real server, as the far end reaches it: `host:port`, `[v6]:port` or `unix:/path`, or a span of as many ports as `listen` has. Names are resolved there. A list is alternatives in order of preference: the next one where one does not work.'),
    proxyProtocol: z.enum(['v1', 'v2']).optional().describe('Tells the real server the true address of the client, in front of its bytes (PROXY protocol). The server must expect it.'),
  })
  .superRefine(checkLengths);

export type ForwardOptions = z.output<typeof FORWARD_OPTIONS>;

export function targetsOf({ to }: Pick<ForwardOptions, 'to'>): readonly ForwardTarget[] {
  return Array.isArray(to) ? to : [to];
}

/** How many ports a service has; 1 where that is not known yet. */
export function portCount(options: unknown): number {
  const { to, listen } = options as Partial<ForwardOptions>;
  const spans = [...(to === undefined ? [] : targetsOf({ to })), listen].filter((one) => typeof one === 'object' && one.kind === 'ports');
  const [first] = spans;
  return first === undefined ? 1 : spanLength(first);
}

function parseListen(text: string): ForwardListen {
  return parsePortSpan(text) ?? parseInherited(text) ?? parseServiceListen(text);
}

function parseInherited(text: string): InheritedSocket | undefined {
  if (!text.startsWith('systemd:')) return undefined;
  const name = text.slice('systemd:'.length);
  if (!/^[!-9;-~]{1,255}$/.test(name)) throw new FormError('no name of a socket behind "systemd:"; write systemd:NAME, where NAME is FileDescriptorName= of the socket unit', 'systemd:'.length);
  return { kind: 'inherited', name };
}

/** Of a span; 1 of everything else, undefined where that stands in a reference. */
function lengthOf(address: ForwardListen): number | undefined {
  if (address.kind === 'ports') return spanLength(address);
  return address.kind === 'tcp' && address.port === 0 && hasReference(address.host) ? undefined : 1;
}

function checkLengths({ listen, to }: { readonly listen?: ForwardListen | undefined; readonly to: ForwardTarget | readonly ForwardTarget[] }, context: { addIssue(issue: { code: 'custom'; path: PropertyKey[]; message: string }): void }): void {
  const isList = Array.isArray(to);
  const targets: readonly ForwardTarget[] = isList ? to : [to as ForwardTarget];
  const first = targets[0];
  const [wanted, whose] = listen === undefined ? [first === undefined ? undefined : lengthOf(first), 'the first one'] : [lengthOf(listen), 'listen'];
  for (const [index, one] of targets.entries()) {
    const length = lengthOf(one);
    if (length === undefined || wanted === undefined || length === wanted) continue;
    const remedy = wanted === 1 ? 'write one port' : one.kind === 'unix' ? 'write a span of ports' : `write ${one.host}:${firstPort(one)}-${firstPort(one) + wanted - 1}`;
    context.addIssue({ code: 'custom', path: isList ? ['to', index] : ['to'], message: `${count(length)} here, and ${whose} has ${wanted}; ${remedy}` });
  }
}

function firstPort(one: Exclude<ForwardTarget, { kind: 'unix' }>): number {
  return one.kind === 'ports' ? one.from : one.port;
}

function count(length: number): string {
  return length === 1 ? 'one port' : `${length} ports`;
}
