/** What a connector must do: hand the command's stream on as it is. */
import assert from 'node:assert/strict';
import { PassThrough, type Duplex } from 'node:stream';
import type { ChannelOpener, ChannelRequest, JoinedChannel, PluginDefinition } from '@lstp/core/plugin';
import { checksOf, type Check } from './check.js';
import { lifecycleChecks } from './lifecycle-checks.js';
import { makeRole, optionsAt } from './make-role.js';
import type { PluginSample } from './sample.js';

export function conformsAsConnector(plugin: PluginDefinition, sample: PluginSample = {}): Check[] {
  return [
    ...lifecycleChecks('connector', 'connector', plugin, sample),
    ...checksOf('connector', {
      'joins the stream that it is given, with its request': async (place) => {
        const joined: (readonly [Duplex, ChannelRequest | undefined])[] = [];
        const channel: JoinedChannel = { id: '1', connected: Promise.resolve({}), closed: Promise.resolve('done') };
        const channels: ChannelOpener = {
          join: (stream, request) => {
            joined.push([stream, request]);
            return channel;
          },
          openDatagrams: () => ({ ...channel, dropped: 0, send: () => {}, close: () => {} }),
          listen: () => ({ ...channel, close: () => {} }),
        };
        const connector = await makeRole('connector', plugin, { options: optionsAt(sample, place), folder: place.folder, channels });
        const stream = new PassThrough();
        const request = { target: 'intranet.acme:80' };
        assert.equal((await connector.connect(stream, request).closed), 'done');
        assert.equal(joined.length, 1);
        assert.equal(joined[0]?.[1]?.target, request.target);
        stream.destroy();
      },
    }),
  ];
}
