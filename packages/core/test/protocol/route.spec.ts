import { expect } from 'chai';
import type { SimNode } from './support/sim-node.js';
import { drawings, simRoute, type SimRoute } from './support/sim-route.js';

/** Orders in which the nodes of a route may be started. */
const ORDERS: readonly (readonly [string, (nodes: readonly SimNode[]) => SimNode[]])[] = [
  ['from left to right', (nodes) => [...nodes]],
  ['from right to left', (nodes) => nodes.toReversed()],
  ['ends first', (nodes) => [nodes[0] as SimNode, nodes.at(-1) as SimNode, ...nodes.slice(1, -1)]],
  ['ends last', (nodes) => [...nodes.slice(1, -1), nodes.at(-1) as SimNode, nodes[0] as SimNode]],
  ['every second first', (nodes) => [...nodes.filter((_, at) => at % 2 === 1), ...nodes.filter((_, at) => at % 2 === 0)]],
];

function startAll({ world }: SimRoute, nodes: readonly SimNode[], gapMs: number): void {
  nodes.forEach((node, index) => world.after(index * gapMs, () => node.start()));
}

function expectUp({ left, right, names, middles }: SimRoute): void {
  expect(left.up?.nodes.map(({ node }) => node)).to.deep.equal(names);
  expect(right.up?.nodes).to.deep.equal(left.up?.nodes);
  expect(left.tampered).to.deep.equal([]);
  expect(right.tampered).to.deep.equal([]);
  for (const middle of middles) expect([...middle.rendezvous.legs()].map(({ state }) => state)).to.deep.equal(['paired', 'paired']);
}

describe('protocol: every mix of arrows over 0 to 3 middles', () => {
  const routes = [0, 1, 2, 3].flatMap(drawings);

  it('is 30 routes', () => {
    expect(new Set(routes).size).to.equal(30);
  });

  for (const drawing of routes) {
    it(`${drawing} comes up in whatever order and pace its nodes are started`, () => {
      for (const [, order] of ORDERS) {
        for (const gapMs of [0, 7, 400]) {
          const route = simRoute(drawing);
          startAll(route, order(route.nodes), gapMs);
          route.world.run(route.isUp, 30_000);
          expectUp(route);
        }
      }
    });

    it(`${drawing} stays up on one carrier, and comes up again after any of its nodes was killed`, () => {
      const route = simRoute(drawing);
      startAll(route, route.nodes, 0);
      route.world.run(route.isUp);
      const { id } = route.left.up as { id: string };
      route.world.pass(30_000);
      expect(route.left.up?.id).to.equal(id);
      for (const node of route.nodes) {
        node.stop();
        route.world.run(() => route.left.up === undefined || route.right.up === undefined || node === route.left || node === route.right);
        route.world.pass(500);
        node.start();
        route.world.run(route.isUp, 30_000);
        expectUp(route);
      }
    });
  }

  it('leaves nothing behind at the middles when both ends are gone', () => {
    for (const drawing of routes) {
      const route = simRoute(drawing);
      startAll(route, route.nodes, 0);
      route.world.run(route.isUp);
      route.left.stop();
      route.right.stop();
      route.world.pass(30_000);
      for (const middle of route.middles) expect([...middle.rendezvous.legs()], drawing).to.deep.equal([]);
    }
  });

  it('comes up when every byte arrives by itself', () => {
    for (const drawing of drawings(2)) {
      const route = simRoute(drawing);
      route.world.chunkBytes = 1;
      startAll(route, route.nodes, 0);
      route.world.run(route.isUp);
      expectUp(route);
    }
  });

  it('tells a waiting end whom it waits for, and where', () => {
    const route = simRoute('desk > west > east < lab');
    startAll(route, route.nodes.slice(0, 3), 0);
    route.world.pass(1000);
    expect(route.left.progress.at(-1)).to.equal('waiting for lab at east');
  });
});
