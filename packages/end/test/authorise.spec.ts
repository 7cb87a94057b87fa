import { expect } from 'chai';
import { parseAllowPattern, type ChannelRequestBody, type ServiceConfig } from '@lstp/core';
import { authorise, type Policy } from '../src/index.js';

const place = { line: 1, column: 1 };
const web: ServiceConfig = { name: 'web', plugin: 'forward', at: 'desk', carrier: 'shared', options: {}, place };
const back: ServiceConfig = { ...web, name: 'back', at: 'lab' };
const broken: ServiceConfig = { ...web, name: 'broken' };
const coded: ServiceConfig = { ...web, name: 'coded', codec: 'zlib' };
const apart: ServiceConfig = { ...web, name: 'apart', carrier: 'own' };
const proxy: ServiceConfig = { ...web, name: 'proxy', plugin: 'socks', allow: ['*.acme:443', '10.1.0.0/16:22', '127.0.0.1:80'].map(parseAllowPattern) };
const closed: ServiceConfig = { ...proxy, name: 'closed', allow: [] };
const span: ServiceConfig = { ...web, name: 'span', targets: 11 };
const staff: ServiceConfig = { ...web, name: 'staff', users: ['ann', '@ops'] };

/** At lab: it acts for what applications ask for at desk. */
const policy: Policy = {
  node: 'lab',
  services: new Map([web, back, broken, coded, apart, proxy, closed, span, staff].map((service) => [service.name, service])),
  kindsOf: ({ name }) => (name === 'broken' ? [] : name === 'proxy' ? ['stream', 'datagram', 'listen'] : ['stream']),
  listenerOf: (channel) => (channel === 6 ? 'back' : undefined),
  login: { state: 'none', message: 'nobody has' },
};
const request: ChannelRequestBody = { service: 'web', kind: 'stream', carrier: 'shared', window: 65_536 };

const DENIED: readonly { readonly what: string; readonly change: Partial<ChannelRequestBody>; readonly code: string; readonly message: RegExp }[] = [
  { what: 'a service that is not declared', change: { service: 'pg' }, code: 'unknown-service', message: /service pg is not declared/ },
  { what: 'a name that objects have by nature', change: { service: 'constructor' }, code: 'unknown-service', message: /constructor is not declared/ },
  { what: 'no name', change: { service: '' }, code: 'unknown-service', message: /not declared/ },
  { what: 'a service whose applications connect here', change: { service: 'back' }, code: 'denied', message: /takes applications in at lab/ },
  { what: 'a service without a working back end', change: { service: 'broken' }, code: 'denied', message: /no working back end at lab/ },
  { what: 'datagrams of a service of streams', change: { kind: 'datagram' }, code: 'denied', message: /carries stream, not datagram/ },
  { what: 'a listener', change: { kind: 'listen' }, code: 'denied', message: /carries stream, not listen/ },
  { what: 'a connection of a listener that is none', change: { binding: 3 }, code: 'denied', message: /3 is no binding/ },
  { what: 'a connection of another service’s listener', change: { binding: 6 }, code: 'denied', message: /6 is no binding of service web/ },
  { what: 'a target on a connection of a listener', change: { service: 'back', binding: 6, target: 'x:1' }, code: 'denied', message: /6 is no binding/ },
  { what: 'a target of the asking side’s choice', change: { target: 'intranet:22' }, code: 'denied', message: /one target, which lab decides/ },
  { what: 'an empty target', change: { target: '' }, code: 'denied', message: /one target/ },
  ...['11', '-1', '01', '1.0', '', 'a:1', '1e1'].map((target) => ({ what: `"${target}" of a service with 11 targets`, change: { service: 'span', target }, code: 'denied', message: /11 targets, numbered from 0/ })),
  { what: 'a codec where the file has none', change: { codec: 'lz4' }, code: 'denied', message: /has no codec in the chain file of lab, not lz4/ },
  { what: 'another codec than the file’s', change: { service: 'coded', codec: 'lz4' }, code: 'denied', message: /has the codec zlib .*, not lz4/ },
  { what: 'a carrier of its own where channels share one', change: { carrier: 'own', slot: 9 }, code: 'denied', message: /channels of service web share carriers/ },
  { what: 'a name that no pattern permits', change: { service: 'proxy', target: 'intranet.globex:443' }, code: 'denied', message: /allow of service proxy does not permit intranet.globex:443/ },
  { what: 'a port that no pattern permits', change: { service: 'proxy', target: 'intranet.acme:8080' }, code: 'denied', message: /does not permit/ },
  { what: 'loopback that no pattern names', change: { service: 'proxy', target: '127.0.0.2:80' }, code: 'denied', message: /does not permit/ },
  { what: 'datagrams to what no pattern permits', change: { service: 'proxy', kind: 'datagram', target: '169.254.169.254:80' }, code: 'denied', message: /does not permit/ },
  { what: 'a target that is none', change: { service: 'proxy', target: 'intranet' }, code: 'denied', message: /does not permit/ },
  { what: 'no target where the application chooses', change: { service: 'proxy' }, code: 'denied', message: /must name one/ },
  { what: 'everything where nothing is allowed', change: { service: 'closed', target: 'intranet.acme:443' }, code: 'denied', message: /does not permit/ },
  { what: 'a service for users to nobody', change: { service: 'staff' }, code: 'denied', message: /users that have logged in: nobody has/ },
];

describe('authorise', () => {
  it('grants what this end’s file declares, and gives that declaration', () => {
    expect(authorise(request, policy)).to.deep.equal({ granted: web });
    expect(authorise({ ...request, service: 'apart', carrier: 'own', slot: 9 }, policy)).to.deep.equal({ granted: apart });
    expect(authorise({ ...request, service: 'apart' }, policy)).to.deep.equal({ granted: apart });
    expect(authorise({ ...request, service: 'coded', codec: 'zlib' }, policy)).to.deep.equal({ granted: coded });
    expect(authorise({ ...request, service: 'coded' }, policy)).to.deep.equal({ granted: coded });
  });

  it('grants targets that a pattern permits, of every kind that the back end has', () => {
    for (const kind of ['stream', 'datagram', 'listen'] as const) {
      for (const target of ['intranet.acme:443', '10.1.2.3:22', '127.0.0.1:80']) expect(authorise({ ...request, service: 'proxy', kind, target }, policy)).to.deep.equal({ granted: proxy });
    }
  });

  it('grants targets by number where there are several, and the first without one', () => {
    for (const change of [{}, { target: '0' }, { target: '10' }]) expect(authorise({ ...request, service: 'span', ...change }, policy)).to.deep.equal({ granted: span });
  });

  it('grants what was accepted for a front end of this end', () => {
    expect(authorise({ ...request, service: 'back', binding: 6 }, policy)).to.deep.equal({ granted: back });
  });

  it('grants a service for users to those it names, by themselves or by a group', () => {
    const as = (user: string, groups: readonly string[] = []) => authorise({ ...request, service: 'staff' }, { ...policy, login: { state: 'verified', user: { user, groups } } });
    expect(as('ann')).to.deep.equal({ granted: staff });
    expect(as('bob', ['ops'])).to.deep.equal({ granted: staff });
    expect(as('bob', ['dev'])).to.have.property('message').that.matches(/not for user bob/);
    expect(as('@ops')).to.have.property('denied', 'denied');
    expect(authorise({ ...request, service: 'staff' }, { ...policy, login: { state: 'pending' } })).to.deep.equal({ pending: staff });
  });

  for (const { what, change, code, message } of DENIED) {
    it(`denies ${what}`, () => {
      const decision = authorise({ ...request, ...change }, policy);
      expect(decision).to.have.property('denied', code);
      expect(decision).to.have.property('message').that.matches(message);
    });
  }

  it('denies everything where nothing is declared', () => {
    expect(authorise(request, { ...policy, services: new Map() })).to.have.property('denied', 'unknown-service');
  });
});
