import { test } from 'node:test';
import assert from 'node:assert/strict';
import { conformance, conformsAsModule } from 'lstp/conformance';
import plugin from './index.js';
import { parseQuery } from './query.js';
import tally from './tally.js';

/**
 * How the suite uses the front end: a client asks its target, and the far end gets what is left of the query.
 * @type {import('lstp/conformance').PluginSample}
 */
const sample = {
  options: ({ listen }) => ({ listen, port: 9 }),
  frontEnd: {
    open: async (client, target) => {
      client.write(`ann@${target.split(':')[0]}\r\n`);
      return Buffer.from('ann\r\n');
    },
    refused: (reason, received) => assert.match(received.toString(), new RegExp(`^${reason}: `)),
  },
};

const checks = [
  ...conformsAsModule(import.meta.resolve('./index.js')),
  ...conformance(plugin, sample),
  ...conformsAsModule(import.meta.resolve('./tally.js')),
  ...conformance(tally),
];
for (const { title, run } of checks) test(title, run);

test('reads queries as RFC 1288 has them', () => {
  assert.equal(parseQuery(Buffer.from('ann@build')), undefined);
  assert.deepEqual(parseQuery(Buffer.from('ann@build.acme\r\nmore')), { value: { user: 'ann', host: 'build.acme' }, length: 16 });
  assert.deepEqual(parseQuery(Buffer.from('/W ann@east@[::1]\r\n'))?.value, { user: '/W ann@east', host: '::1' });
});

for (const wrong of ['\r\n', 'ann\r\n', 'ann@\r\n', 'ann@a b\r\n', 'ann@[x]\r\n']) {
  test(`refuses a query without a host: ${JSON.stringify(wrong)}`, () => assert.throws(() => parseQuery(Buffer.from(wrong)), /ask for user@host/));
}
