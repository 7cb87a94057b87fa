import { expect } from 'chai';
import { readdirSync } from 'node:fs';
import { Workplace } from './support/lstp.js';
import { TestServer, echo } from './support/two-ends.js';

describe('lstp trial', function () {
  this.timeout(60_000);
  let place: Workplace;
  beforeEach(() => {
    place = new Workplace();
  });
  afterEach(() => place.remove());

  it('runs a chain over two relays, and says what to type to use it', async () => {
    const running = place.start(['trial', '--port', '0']);
    const [, url = ''] = await running.says(/\n {2}curl (http:\/\/127\.0\.0\.1:\d+\/) /);
    expect(running.stdout).to.contain('lstp: all ready\n');
    expect(await (await fetch(url)).text()).to.contain('Hello from the intranet behind the second firewall');
    expect((await (await fetch(`${url}bytes/3000000`)).arrayBuffer()).byteLength).to.equal(3_000_000);
    const { stdout } = await place.run(['status', '--as', 'desk']);
    expect(stdout).to.contain('desk > west > east < lab').and.match(/west {2}middle {2}127\.0\.0\.1:\d+ {2}verified/);
    expect((await place.run(['status', '--as', 'west'])).stdout).to.match(/relay: \d+ paired/);
  });

  it('ends at Ctrl-C, quietly, and leaves nothing behind', async () => {
    const running = place.start(['trial', '--port', '0']);
    await running.says(/Ctrl-C ends it/);
    expect(readdirSync(place.folder).filter((name) => name.startsWith('lstp-trial-'))).to.have.length(1);
    const { status, stderr } = await running.end('SIGINT');
    expect([status, stderr]).to.deep.equal([0, '']);
    expect(readdirSync(place.folder).filter((name) => name.startsWith('lstp-trial-'))).to.deep.equal([]);
  });

  it('names a taken port and another that might do', async () => {
    const taken = await TestServer.start(echo);
    try {
      const { status, stdout, stderr } = await place.run(['trial', '--port', String(taken.port)]);
      expect([status, stdout]).to.deep.equal([1, '']);
      expect(stderr).to.equal(`lstp: 127.0.0.1:${taken.port}: another program listens there; choose another port: \`lstp trial --port 8081\`\n`);
    } finally {
      await taken.stop();
    }
  });
});
