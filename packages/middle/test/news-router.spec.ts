import { expect } from 'chai';
import { PluginCatalogue, parseChain } from '@lstp/core';
import { namedSigner } from '@lstp/core/testing';
import { NewsRouter } from '../src/news-router.js';

const key = (name: string) => namedSigner(name).publicKey;

describe('middle/news-router', () => {
  const chain = (...routes: string[]) => {
    const names = [...new Set(routes.flatMap((route) => route.split(/ [<>] /)))];
    const nodes = names.map((name, at) => `  ${name}: { key: "${key(name)}", listen: "127.0.0.1:${7000 + at}" }`);
    return parseChain(['lstp: 1', 'nodes:', ...nodes, 'tunnels:', `  acme: { route: [${routes.map((route) => `"${route}"`).join(', ')}] }`].join('\n'), 'x.yaml', new PluginCatalogue([]));
  };
  const receivers = (self: string, node: string | undefined, ...routes: string[]) => {
    const router = new NewsRouter(self);
    router.configure([chain(...routes)]);
    return router.receiversOf({ ...(node !== undefined && { node }), deadlineMs: 1 }, 0).map((keys) => keys[0]);
  };

  it('forwards away from the node that goes', () => {
    expect(receivers('west', 'east', 'desk > west > east < lab')).to.deep.equal([key('desk')]);
    expect(receivers('east', 'west', 'desk > west > east < lab')).to.deep.equal([key('lab')]);
    expect(receivers('west', 'south', 'desk > west > east > south < lab')).to.deep.equal([key('desk')]);
  });

  it('tells nobody behind an end, of a node on no route, of itself, or without a name', () => {
    expect(receivers('desk', 'west', 'desk > west < lab')).to.deep.equal([]);
    expect(receivers('west', 'moon', 'desk > west < lab')).to.deep.equal([]);
    expect(receivers('west', 'west', 'desk > west < lab')).to.deep.equal([]);
    expect(receivers('west', undefined, 'desk > west < lab')).to.deep.equal([]);
  });

  it('forwards the same news once, though routes cross, and again after a while', () => {
    const router = new NewsRouter('west');
    router.configure([chain('desk > east > west < lab', 'desk > west > east < lab')]);
    const news = { node: 'east', deadlineMs: 1 };
    expect(router.receiversOf(news, 0).map((keys) => keys[0])).to.have.members([key('lab'), key('desk')]);
    expect(router.receiversOf(news, 4999)).to.deep.equal([]);
    expect(router.receiversOf(news, 5000)).to.have.length(2);
  });
});
