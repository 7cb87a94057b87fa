/** Which service of a running node is the display that a command means. */
import type { NodeStatus, ServiceStatus } from '@lstp/core';
import { UnreachableError, UsageError } from './exit-status.js';
import { wrongWord } from './wrong-word.js';

export interface X11ServiceOptions {
  /** `service`, or `tunnel/service`; the only display of the node if absent. */
  readonly service?: string;
}

export interface X11Service {
  readonly tunnel: string;
  readonly service: string;
  readonly environment: NonNullable<ServiceStatus['environment']>;
}

interface Candidate extends Omit<X11Service, 'environment'> {
  readonly status: ServiceStatus;
}

/** Throws UsageError where it is not clear which is meant, UnreachableError with the reason where that one does not work. */
export function displayOf(node: NodeStatus, { service: wanted }: X11ServiceOptions): X11Service {
  const { tunnel, service, status } = chosen(node, wanted);
  if (status.error !== undefined) throw new UnreachableError(`service ${service} does not work: ${status.error}`);
  const { environment } = status;
  if (environment?.['DISPLAY'] === undefined) throw new UnreachableError(`service ${service} has no display now; see \`lstp status --as ${node.node}\``);
  return { tunnel, service, environment };
}

function chosen({ node, tunnels }: NodeStatus, wanted: string | undefined): Candidate {
  const all = tunnels.flatMap(({ name, services }) => services.filter(({ plugin, role }) => plugin === 'x11' && role === 'front').map((status) => ({ tunnel: name, service: status.name, status })));
  const fitting = all.filter(({ tunnel, service }) => wanted === undefined || service === wanted || `${tunnel}/${service}` === wanted);
  const [only, ...others] = fitting;
  if (only === undefined && wanted !== undefined) throw wrongWord('service', wanted, { candidates: all.map(({ service }) => service), where: `with \`plugin: x11\` and \`at: ${node}\`` });
  if (only === undefined) throw new UsageError(`${node} has no display for X clients; add a service to the chain file: x: { plugin: x11, at: ${node}, to: ":0" }`);
  if (others.length > 0) throw new UsageError(`${node} has several displays; choose one with --service: ${fitting.map(({ tunnel, service }) => `${tunnel}/${service}`).join(', ')}`);
  return only;
}
