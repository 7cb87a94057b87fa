import { expect } from 'chai';
import type { ChannelRequestBody, ServiceConfig } from '@lstp/core';
import { authorise, type Policy } from '../src/index.js';

const place = { line: 1, column: 1 };
const web: ServiceConfig = { name: 'web', plugin: 'forward', at: 'desk', carrier: 'shared', options: {}, place };
const back: ServiceConfig = { ...web, name: 'back', at: 'lab' };
const broken: ServiceConfig = { ...web, name: 'broken' };

/** At lab: it acts for what applications ask for at desk. */
const policy: Policy = {
  node: 'lab',
  services: new Map([web, back, broken].map((service) => [service.name, service])),
  acts: ({ name }) => name === 'web',
  codecs: ['zlib'],
};
const request: ChannelRequestBody = { service: 'web', kind: 'stream', carrier: 'shared', window: 65_536 };

const DENIED: readonly { readonly what: string; readonly change: Partial<ChannelRequestBody>; readonly code: string; readonly message: RegExp }[] = [
  { what: 'a service that is not declared', change: { service: 'pg' }, code: 'unknown-service', message: /service pg is not declared/ },
  { what: 'a name that objects have by nature', change: { service: 'constructor' }, code: 'unknown-service', message: /constructor is not declared/ },
  { what: 'no name', change: { service: '' }, code: 'unknown-service', message: /not declared/ },
  { what: 'a service whose applications connect here', change: { service: 'back' }, code: 'denied', message: /takes applications in at lab/ },
  { what: 'a service without a working back end', change: { service: 'broken' }, code: 'denied', message: /no working back end at lab/ },
  { what: 'datagrams of a service of streams', change: { kind: 'datagram' }, code: 'denied', message: /carries streams, not datagram/ },
  { what: 'a listener', change: { kind: 'listen' }, code: 'denied', message: /carries streams, not listen/ },
  { what: 'a connection of a listener that is none', change: { binding: 3 }, code: 'denied', message: /3 is no binding/ },
  { what: 'a target of the asking side’s choice', change: { target: 'intranet:22' }, code: 'denied', message: /one target, which lab decides/ },
  { what: 'an empty target', change: { target: '' }, code: 'denied', message: /one target/ },
  { what: 'a codec that is not here', change: { codec: 'lz4' }, code: 'denied', message: /codec lz4 is not known at lab/ },
];

describe('authorise', () => {
  it('grants what this end’s file declares, and gives that declaration', () => {
    expect(authorise(request, policy)).to.deep.equal({ granted: web });
    expect(authorise({ ...request, carrier: 'own', slot: 9, codec: 'zlib' }, policy)).to.deep.equal({ granted: web });
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
