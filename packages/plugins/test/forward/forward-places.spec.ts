import { expect } from 'chai';
import { faultsOf } from '../support/faults-of.js';

describe('plugins/forward, what is wrong in a chain file', () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ['spans of different lengths', 'a: { at: desk, listen: "127.0.0.1:8000-8010", to: "b.acme:9000-9009" }', '9:57: to: 10 ports here, and listen has 11; write b.acme:9000-9010'],
    ['one port for several', 'a: { at: desk, listen: "127.0.0.1:8000-8010", to: "b.acme:9000" }', '9:57: to: one port here, and listen has 11; write b.acme:9000-9010'],
    ['several ports for one', 'a: { at: desk, listen: "127.0.0.1:8000", to: ["b.acme:90", "c.acme:90-91"] }', '9:66: to: 2 ports here, and listen has 1; write one port'],
    ['a span that goes back', 'a: { at: desk, listen: "127.0.0.1:8010-8000", to: "b.acme:1" }', '9:46: listen: 8010-8000 is no span of ports; the last one is larger than the first, as in 8000-8010'],
    ['a port beyond the last', 'a: { at: desk, listen: "127.0.0.1:65530-65540", to: "b.acme:1" }', '9:47: listen: "65540" is no port; a port is a number from 1 to 65535'],
    ['a very long span', 'a: { at: desk, listen: "127.0.0.1:1-2000", to: "b.acme:1-2000" }', '9:43: listen: 1-2000 are 2000 ports; one span has at most 1024\nchain.yaml:9:64: to: 1-2000 are 2000 ports; one span has at most 1024'],
    ['a socket without a name', 'a: { at: desk, listen: "systemd:", to: "b.acme:1" }', '9:39: listen: no name of a socket behind "systemd:"; write systemd:NAME, where NAME is FileDescriptorName= of the socket unit'],
    ['another version', 'a: { at: desk, to: "b.acme:1", proxyProtocol: v3 }', '9:53: proxyProtocol: expected one of v1, v2; did you mean "v1"?'],
    ['a target that is none', 'a: { at: desk, to: ["b.acme:1", "http://c"] }', '9:40: to: a service carries bytes of any protocol; leave out "http://" and write HOST:PORT'],
  ];
  for (const [what, service, message] of cases) {
    it(`${what}`, () => expect(faultsOf(service)).to.equal(`chain.yaml:${message}`));
  }

  it('a port of a span that another service has', () => {
    const faults = faultsOf('a: { at: desk, listen: "127.0.0.1:8005", to: "b.acme:1" }', 'b: { at: desk, listen: "127.0.0.1:8000-8010", to: "b.acme:1-11" }');
    expect(faults).to.match(/^chain\.yaml:10:\d+: listen: the service "a" of the tunnel "t", at the same node, listens there already; choose another port$/);
  });

  it('nothing, where one side is a reference', () => {
    expect(faultsOf('a: { at: desk, listen: "127.0.0.1:8000-8010", to: "${env:TO}" }')).to.equal('');
  });
});
