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
  /** Of news that the neighbour `from` brings; that is the node itself if absent. */
  const receivers = (self: string, node: string | undefined, { routes, from = node ?? 'west' }: { routes: string[]; from?: string }) => {
    const router = new NewsRouter(self);
    router.configure([chain(...routes)]);
    return router.receiversOf({ ...(node !== undefined && { node }), deadlineMs: 1 }, { from: key(from), now: 0 }).map((keys) => keys[0]);
  };

  it('forwards away from the node that goes', () => {
    expect(receivers('west', 'east', { routes: ['desk > west > east < lab'] })).to.deep.equal([key('desk')]);
    expect(receivers('east', 'west', { routes: ['desk > west > east < lab'] })).to.deep.equal([key('lab')]);
    expect(receivers('west', 'south', { routes: ['desk > west > east > south < lab'], from: 'east' })).to.deep.equal([key('desk')]);
  });

  it('tells nobody behind an end, of a node on no route, of itself, or without a name', () => {
    expect(receivers('desk', 'west', { routes: ['desk > west < lab'] })).to.deep.equal([]);
    expect(receivers('west', 'moon', { routes: ['desk > west < lab'] })).to.deep.equal([]);
    expect(receivers('west', 'west', { routes: ['desk > west < lab'] })).to.deep.equal([]);
    expect(receivers('west', undefined, { routes: ['desk > west < lab'] })).to.deep.equal([]);
  });

  it('believes only the neighbour in whose direction the node lies', () => {
    expect(receivers('west', 'east', { routes: ['desk > west > east < lab'], from: 'desk' })).to.deep.equal([]);
    expect(receivers('west', 'east', { routes: ['desk > west > east < lab', 'desk > west > south < lab'], from: 'south' })).to.deep.equal([]);
    expect(receivers('west', 'east', { routes: ['desk > west > east < lab', 'desk > west > south > east < lab'], from: 'south' })).to.deep.equal([key('desk')]);
  });

  it('forwards the same news of one neighbour once, though routes cross, and again after a while', () => {
    const router = new NewsRouter('west');
    router.configure([chain('desk > east > west < lab', 'desk > west > east < lab')]);
    const news = { node: 'east', deadlineMs: 1 };
    expect(router.receiversOf(news, { from: key('east'), now: 0 }).map((keys) => keys[0])).to.have.members([key('lab'), key('desk')]);
    expect(router.receiversOf(news, { from: key('east'), now: 4999 })).to.deep.equal([]);
    expect(router.receiversOf(news, { from: key('east'), now: 5000 })).to.have.length(2);
  });

  it('is not kept from it by what somebody else said before', () => {
    const router = new NewsRouter('west');
    router.configure([chain('desk > west > east < lab')]);
    const news = { node: 'east', deadlineMs: 1 };
    expect(router.receiversOf(news, { from: key('desk'), now: 0 })).to.deep.equal([]);
    expect(router.receiversOf(news, { from: key('east'), now: 0 }).map((keys) => keys[0])).to.deep.equal([key('desk')]);
  });
});
