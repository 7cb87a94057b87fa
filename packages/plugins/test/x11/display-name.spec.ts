import { FormError } from '@lstp/core';
import { expect } from 'chai';
import { parseDisplayName } from '../../src/x11/back/display-name.js';

const local = (number: number): object[] => [{ kind: 'unix', path: `/tmp/.X11-unix/X${number}` }, ...(process.platform === 'linux' ? [{ kind: 'unix', path: `@/tmp/.X11-unix/X${number}` }] : [])];

describe('plugins/x11, the name of a display', () => {
  const names: readonly (readonly [string, object[], string])[] = [
    [':0', local(0), '0'],
    [':10.1', local(10), '10'],
    ['unix:3', local(3), '3'],
    ['build.acme:1', [{ kind: 'tcp', host: 'build.acme', port: 6001 }], '1'],
    ['localhost:10.0', [{ kind: 'tcp', host: 'localhost', port: 6010 }], '10'],
    ['[2001:db8::1]:2.0', [{ kind: 'tcp', host: '2001:db8::1', port: 6002 }], '2'],
    ['unix:/run/x/socket', [{ kind: 'unix', path: '/run/x/socket' }], ''],
    ['unix:/tmp/.X11-unix/X7', [{ kind: 'unix', path: '/tmp/.X11-unix/X7' }], '7'],
    ['/private/tmp/launchd.x/org.xquartz:0', [{ kind: 'unix', path: '/private/tmp/launchd.x/org.xquartz:0' }], '0'],
  ];
  for (const [text, addresses, display] of names) it(`may be ${text}`, () => expect(parseDisplayName(text)).to.deep.equal({ text, addresses, display }));

  const faults: readonly (readonly [string, string])[] = [
    ['0', '"0" is no name of a display; write :0, host:1, [v6]:1 or unix:/path'],
    ['2001:db8::1:0', '"2001:db8::1:0" is no name of a display; write :0, host:1, [v6]:1 or unix:/path'],
    ['127.0.0.1:6000', '"127.0.0.1:6000" would be display 6000; display 0 has the port 6000: write 127.0.0.1:0'],
    [':59536', 'there is no display 59536; the last one is 59535'],
  ];
  for (const [text, message] of faults) it(`is not ${text}`, () => expect(() => parseDisplayName(text)).to.throw(FormError, message));
});
