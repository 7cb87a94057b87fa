import { expect } from 'chai';
import { faultsOf } from '../support/faults-of.js';

describe('plugins/x11, what is wrong in a chain file', () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ['no display to go to', 'x: { plugin: x11, at: desk }', '9:7: "x" has no "to"; write the name of a display, such as :0'],
    ['a display without a number', 'x: { plugin: x11, at: desk, to: "build.acme" }', '9:40: to: "build.acme" is no name of a display; write :0, host:1, [v6]:1 or unix:/path'],
    ['a port for a display', 'x: { plugin: x11, at: desk, to: "build.acme:6000" }', '9:40: to: "build.acme:6000" would be display 6000; display 0 has the port 6000: write build.acme:0'],
    ['a number that has no port', 'x: { plugin: x11, at: desk, to: ":0", display: 60000 }', '9:54: display: expected a number of at most 59535, not 60000'],
    ['another kind of socket', 'x: { plugin: x11, at: desk, to: ":0", sockets: [udp] }', '9:55: sockets: expected one of unix, abstract, tcp'],
    ['no socket', 'x: { plugin: x11, at: desk, to: ":0", sockets: [] }', '9:54: sockets: expected at least 1 entry'],
    ['half a trust', 'x: { plugin: x11, at: desk, to: ":0", trust: untrustet }', '9:52: trust: expected one of trusted, untrusted; did you mean "untrusted"?'],
    ['a misspelt key', 'x: { plugin: x11, at: desk, to: ":0", xautority: a }', '9:45: unknown key "xautority"; did you mean "xauthority"?'],
    ['an address to listen at', 'x: { plugin: x11, at: desk, to: ":0", listen: "127.0.0.1:6010" }', '9:45: unknown key "listen"; there are plugin, at, carrier, codec, users, monitors, rewriters, display, sockets, xauthority, to, toXauthority, trust, shm, deny, windows, keyboard, grabs, sendEvents, clipboard'],
  ];
  for (const [what, service, message] of cases) {
    it(what, () => expect(faultsOf(service)).to.equal(`chain.yaml:${message}`));
  }

  it('nothing', () => {
    for (const to of [':0', 'host:1', '[::1]:0', 'unix:/run/x', '${env:DISPLAY}']) expect(faultsOf(`x: { plugin: x11, at: desk, to: "${to}", codec: zlib }`)).to.equal('');
  });
});
