/** One class of a plugin, made as a node makes it, outside of any tunnel. */
import {
  CHANNELS, CLOCK, DIALER, IDENTITY, LISTENERS, LOGGER, METRICS, OPTIONS, SERVICE,
  ChannelRefusal, type ChannelOpener, type Constructor, type Dialer, type Identity, type JoinedChannel, type PluginDefinition,
} from '@lstp/core/plugin';
import { createLogger } from '@lstp/core/observe';
import { generateIdentity } from '@lstp/core/security';
import { construct } from '@lstp/core';
import { ApplicationDialer, ApplicationListeners } from '@lstp/end';
import { container } from 'tsyringe';
import type { Place, PluginSample } from './sample.js';

export interface Given {
  readonly options: unknown;
  /** Of the chain file. */
  readonly folder: string;
  /** The end it is made at; the service is at desk. */
  readonly node?: 'desk' | 'lab';
  readonly dialer?: Dialer;
  readonly identity?: Identity;
  readonly channels?: ChannelOpener;
}

/** The class that a definition has for a role. */
type Made<D> = D extends Constructor<infer T> | undefined ? T : never;
export type Role = 'frontEnd' | 'backEnd' | 'security' | 'connector' | 'codec' | 'rewriter' | 'monitor' | 'login' | 'legDialer' | 'legListener';

/** Rejects where the plugin does not have the role, or its options do not accept the sample. */
export async function makeRole<R extends Role>(role: R, plugin: PluginDefinition, given: Given): Promise<Made<NonNullable<PluginDefinition[R]>>> {
  const { options, folder, node = 'desk', dialer = new ApplicationDialer(), identity = generateIdentity(), channels = CLOSED } = given;
  const made = plugin[role] as Constructor<Made<NonNullable<PluginDefinition[R]>>> | undefined;
  if (made === undefined) throw new Error(`plugin ${plugin.name} has no ${role}`);
  const child = container.createChildContainer();
  child.registerInstance(OPTIONS, plugin.options === undefined ? options : plugin.options.parse(options));
  child.registerInstance(LOGGER, await createLogger({ level: 'silent', format: 'json' }));
  child.registerInstance(METRICS, { count: () => {} });
  child.registerInstance(CLOCK, { now: () => performance.now() });
  child.registerInstance(DIALER, dialer);
  child.registerInstance(LISTENERS, new ApplicationListeners());
  child.registerInstance(CHANNELS, channels);
  child.registerInstance(SERVICE, { tunnel: 'conformance', service: role === 'login' ? '' : 'sample', node, at: 'desk', folder });
  child.registerInstance(IDENTITY, identity);
  return construct(child, made);
}

/** What the sample says at a place. */
export function optionsAt(sample: PluginSample, place: Place): Readonly<Record<string, unknown>> {
  return sample.options?.(place) ?? {};
}

/** A plugin and its sample as an entry of `monitors` or `rewriters` has them. */
export function asEntry(role: 'monitor' | 'rewriter', plugin: PluginDefinition, sample: PluginSample): { readonly plugin: PluginDefinition; readonly sample: PluginSample } {
  const options = plugin.attachedOptions?.[role];
  if (options === undefined) return { plugin, sample };
  return { plugin: { ...plugin, options }, sample: { ...sample, options: (place) => sample.attached?.(place) ?? {} } };
}

/** There is no tunnel: whoever wants a channel is refused. */
const CLOSED: ChannelOpener = {
  join: (stream) => {
    stream.on('error', () => {}).destroy();
    return refused();
  },
  openDatagrams: () => ({ ...refused(), dropped: 0, send: () => {}, close: () => {} }),
  listen: () => ({ ...refused(), close: () => {} }),
};

function refused(): JoinedChannel {
  const connected = Promise.reject<never>(new ChannelRefusal('no-carrier', 'there is no tunnel'));
  connected.catch(() => {});
  return { id: '', connected, closed: Promise.resolve('no-carrier') };
}
