import { expect } from 'chai';
import { skipBecause } from '@lstp/core/testing';
import { existsSync, readdirSync } from 'node:fs';
import { Workplace, type Ended } from './support/lstp.js';
import { TestServer, echo } from './support/two-ends.js';

describe('lstp trial', function () {
  this.timeout(60_000);
  let place: Workplace;
  beforeEach(() => {
    place = new Workplace();
  });
  afterEach(() => place.remove());

  it('runs a SOCKS server over two relays, and says what to type to use it', async function () {
    if (!existsSync('/usr/bin/curl')) skipBecause(this, 'curl is not installed');
    const running = place.start(['trial', '--port', '0']);
    await running.says(/Ctrl-C ends it/);
    expect(running.stdout).to.contain('lstp: all ready\n');
    const [page = '', bytes = '', refused = ''] = [...running.stdout.matchAll(/\n {2}(curl .*?) {2}/g)].map(([, command = '']) => command);
    const type = (command: string): Promise<Ended> => place.spawn('sh', ['-c', `${command.replace('1000000000', '3000000')} -sS -w '%{size_download}'`]).ended;
    expect((await type(page)).stdout).to.contain('Hello from the intranet behind the second firewall');
    expect(await type(bytes)).to.deep.include({ status: 0, stdout: '3000000' });
    expect((await type(refused)).stderr).to.match(/SOCKS5 connection to 127\.0\.0\.1\. \(2\)/);
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
