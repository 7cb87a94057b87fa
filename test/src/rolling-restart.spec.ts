import { expect } from 'chai';
import { echo, freePorts, TestServer, Workplace } from 'lstp/testing';
import { NODES, ProcessChain } from './support/process-chain.js';
import { SteadyClients } from './support/steady-clients.js';

const CONNECTIONS = 200;

describe(`a rolling restart of every relay of desk > west > east < lab under ${CONNECTIONS} connections`, function () {
  this.timeout(90_000);
  const place = new Workplace();
  let echoes: TestServer;
  let chain: ProcessChain;
  let front: string;

  before(async () => {
    echoes = await TestServer.start(echo);
    chain = await ProcessChain.make(place);
    const [port = 0] = await freePorts(1);
    front = `127.0.0.1:${port}`;
    chain.write({ services: [`echo: { at: desk, listen: "${front}", to: "127.0.0.1:${echoes.port}" }`] });
    for (const node of NODES) await chain.start(node, { drainSeconds: 60 });
  });
  after(async () => {
    await place.remove();
    await echoes.stop();
  });
  afterEach('the logs of a failed test are shown', function () {
    if (this.currentTest?.state === 'failed') process.stdout.write(`${chain.logs()}\n`);
  });

  it('breaks none of them and never interrupts the tunnel: the successor starts while the old process works, which then ends by itself', async () => {
    const clients = await SteadyClients.start(front, CONNECTIONS);
    const ends = ['desk', 'lab'].map((end) => chain.running.get(end as 'desk')!);
    for (const relay of ['west', 'east'] as const) {
      const old = chain.running.get(relay)!;
      const ended = old.end('SIGTERM');
      await old.says(/draining/, 'stderr');
      await chain.start(relay, { drainSeconds: 60 });
      expect(await ended, relay).to.include({ status: 0, signal: null });
    }
    expect(await clients.stop()).to.deep.equal([]);
    expect(clients.echoes).to.be.above(CONNECTIONS);
    for (const { stderr } of ends) expect(stderr).to.not.match(/tunnel interrupted/);
    process.stdout.write(`      the longest that a connection waited for its echo: ${Math.round(clients.longestMs)} ms\n`);
  });
});
