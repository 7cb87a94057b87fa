/** An X server that offers what cannot work through a tunnel: its clients never see it. */
import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { Workplace } from 'lstp/testing';
import { ProcessChain } from './support/process-chain.js';
import { TestXClient, TestXServer } from './support/test-x-server.js';

const HIDDEN = ['MIT-SHM', 'DRI2', 'DRI3', 'XFree86-DRI'];
const SHOWN = ['RENDER', 'Present', 'BIG-REQUESTS'];
const BAD_REQUEST = 1;

describe('an X server with DRI3 and MIT-SHM, through desk > west > east < lab,', function () {
  this.timeout(60_000);
  const place = new Workplace();
  let chain: ProcessChain;
  let server: TestXServer;
  let client: TestXClient;

  before(async () => {
    server = await TestXServer.start(join(place.folder, 'X0'), ['RENDER', ...HIDDEN, 'Present', 'BIG-REQUESTS']);
    chain = await ProcessChain.make(place);
    chain.write({ services: [`x: { plugin: x11, at: desk, to: "unix:${place.folder}/X0", xauthority: desk.Xauthority }`] });
    await Promise.all((['west', 'east', 'lab', 'desk'] as const).map((node) => chain.start(node)));
    const [path = ''] = (await chain.tunnel('desk')).services[0]?.addresses ?? [];
    client = await TestXClient.open(connect({ path: path.replace('unix:', '') }), readFileSync(join(place.folder, 'desk.Xauthority')).subarray(-16));
  });
  afterEach(function () {
    if (this.currentTest?.state === 'failed') process.stderr.write(chain.logs());
  });
  after(async () => {
    client?.close();
    server?.stop();
    await Promise.all([...(chain?.running.values() ?? [])].map((node) => node.end()));
    await place.remove();
  });

  it('has none of those for a client that asks for them by name', async () => {
    for (const name of HIDDEN) expect(await client.queryExtension(name), name).to.equal(undefined);
    for (const name of SHOWN) expect(await client.queryExtension(name), name).to.equal(server.opcodeOf(name));
    expect(server.asked.filter((what) => HIDDEN.some((name) => what.endsWith(` ${name}`)))).to.deep.equal([]);
    expect(server.asked.filter((what) => what.startsWith('Query')), 'each question reached it').to.have.length(HIDDEN.length + SHOWN.length);
  });

  it('lists none of them', async () => {
    expect(await client.listExtensions()).to.deep.equal(['RENDER', 'Present', 'BIG-REQUESTS']);
    expect(server.asked).to.include('ListExtensions');
  });

  it('gets no request for one whose opcode a client has guessed', async () => {
    for (const name of HIDDEN) {
      const answer = await client.request(server.opcodeOf(name), Buffer.alloc(4));
      expect([answer[0], answer[1], answer[10]], name).to.deep.equal([0, BAD_REQUEST, server.opcodeOf(name)]);
    }
    expect((await client.request(server.opcodeOf('RENDER'), Buffer.alloc(4)))[0]).to.equal(1);
    expect(server.asked.filter((what) => /^\d+$/.test(what))).to.deep.equal([String(server.opcodeOf('RENDER'))]);
  });
});
