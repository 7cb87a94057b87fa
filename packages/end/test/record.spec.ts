import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { skipBecause, until } from '@lstp/core/testing';
import { Application, ApplicationServer, digestOf, echo } from './support/application.js';
import { chainOf, PairPlan, type TestEnd } from './support/test-end.js';

describe('the plugin record', function () {
  this.timeout(20_000);
  let plan: PairPlan;
  let echoes: ApplicationServer;
  let folder: string;
  let file: string;
  const running: TestEnd[] = [];

  before(async () => {
    plan = await PairPlan.make();
    echoes = await ApplicationServer.start(echo);
  });
  after(() => echoes.stop());
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'lstp-record-'));
    file = join(folder, 'echo.pcapng');
  });
  afterEach(async () => {
    await stopAll();
    rmSync(folder, { recursive: true });
  });

  const stopAll = () => Promise.all(running.splice(0).map((end) => end.stop()));

  async function start(services: readonly string[]): Promise<{ desk: TestEnd; lab: TestEnd }> {
    const ends = await plan.start({ services });
    running.push(ends.desk, ends.lab);
    return ends;
  }

  const echoService = (monitor: string) => [`echo: { at: desk, listen: "127.0.0.1:0", to: "127.0.0.1:${echoes.port}", monitors: [{ plugin: record, ${monitor} }] }`];

  async function hear(desk: TestEnd, bytes: Buffer): Promise<void> {
    const client = Application.connect(desk.address('echo')).read().send(bytes).finish();
    expect(await client.ended).to.equal('end');
    expect(client.digest()).to.equal(digestOf(bytes));
  }

  /** What tcpdump makes of it: a line a packet. From standard input, for it gives up root's rights to read files. */
  function read(context: Mocha.Context, options: readonly string[], path = file): string[] {
    if (!existsSync('/usr/bin/tcpdump')) skipBecause(context, 'tcpdump is not here');
    const { stdout, stderr, status } = spawnSync('/usr/bin/tcpdump', ['-nn', '-r', '-', ...options], { input: readFileSync(path), encoding: 'utf8', maxBuffer: 2 ** 27 });
    expect(status, stderr).to.equal(0);
    expect(stderr).to.contain('link-type RAW');
    return stdout.trimEnd().split('\n');
  }

  for (const end of ['desk', 'lab'] as const) {
    it(`writes what tcpdump reads as the conversation, at ${end}`, async function () {
      const { desk, lab } = await start(echoService(`at: ${end}, file: "${file}"`));
      await hear(desk, Buffer.from('over there'));
      await until('the channel is at its end', () => [desk, lab].every((one) => one.tunnel().channels.length === 0));
      await stopAll();
      expect(statSync(file).mode & 0o777).to.equal(0o600);
      const verbose = read(this, ['-v', '-A', '-t']).join('\n');
      expect(verbose.match(/over there/g)).to.have.length(2);
      expect(verbose).to.match(/cksum 0x[0-9a-f]{4} \(correct\)/).and.not.match(/incorrect|bad/);
      const flags = read(this, ['-t']).map((line) => /Flags \[(\S+)\]/.exec(line)?.[1]);
      expect(flags).to.deep.equal(['S', 'S.', '.', 'P.', 'P.', 'F.', 'F.', '.']);
    });
  }

  it('has every byte of bulk, or says how many packets are missing', async function () {
    const { desk, lab } = await start(echoService(`at: lab, file: "${file}"`));
    const bytes = Buffer.alloc(8_000_000, 'x');
    await hear(desk, bytes);
    await stopAll();
    const { dropped } = (await lab.says(/^recording ended/)) as unknown as { dropped: number };
    const seen = read(this, ['-t']).reduce((total, line) => total + Number(/length (\d+)/.exec(line)?.[1] ?? 0), 0);
    if (dropped === 0) expect(seen).to.equal(2 * bytes.length);
    else expect(seen).to.be.below(2 * bytes.length);
  });

  it('ends at its size; the data goes on', async function () {
    const { desk, lab } = await start(echoService(`at: lab, file: "${file}", size: 100KiB`));
    await hear(desk, Buffer.alloc(1_000_000, 'x'));
    expect(await lab.says(/recording ended: the file has reached its size/)).to.include({ audit: 'recording', file, service: 'echo' });
    expect(statSync(file).size).to.be.at.most(100 * 1024);
    read(this, []);
    await hear(desk, Buffer.from('still here'));
  });

  it('leaves a service alone that cannot be recorded, and says so', async () => {
    const { desk, lab } = await start(echoService(`at: lab, file: "${join(folder, 'nowhere/echo.pcapng')}"`));
    await hear(desk, Buffer.from('hello'));
    expect(await lab.says(/cannot be recorded/)).to.have.property('reason').that.contains('ENOENT');
  });

  it('begins and ends with a reload', async () => {
    const { desk } = await start([`echo: { at: desk, listen: "127.0.0.1:0", to: "127.0.0.1:${echoes.port}" }`]);
    await hear(desk, Buffer.from('not recorded'));
    expect(readdirSync(folder)).to.deep.equal([]);
    const reload = (services: readonly string[]) => desk.role.reload([chainOf(plan.text({ services }))]);
    await reload(echoService(`file: "${file}"`));
    await hear(desk, Buffer.from('this one is'));
    await reload([`echo: { at: desk, listen: "127.0.0.1:0", to: "127.0.0.1:${echoes.port}" }`]);
    await desk.says(/^recording ended/);
    await hear(desk, Buffer.from('this one is not'));
    const recorded = readFileSync(file, 'latin1');
    expect(recorded).to.contain('this one is').and.not.contain('not recorded').and.not.contain('is not');
  });

  it('records datagrams one by one', async function () {
    const server = createSocket('udp4', (datagram, { port, address }) => server.send(datagram, port, address));
    server.bind(0, '127.0.0.1');
    await once(server, 'listening');
    const { desk } = await start([`dns: { plugin: udp, at: desk, listen: "127.0.0.1:0", to: "127.0.0.1:${server.address().port}", monitors: [{ plugin: record, file: "${file}" }] }`]);
    const client = createSocket('udp4');
    const answers: string[] = [];
    client.on('message', (datagram) => answers.push(datagram.toString()));
    const { port, host } = desk.address('dns');
    for (const text of ['one', 'two two']) client.send(text, port, host);
    await until('both answers', () => answers.length === 2);
    client.close();
    server.close();
    await stopAll();
    expect(read(this, ['-t', 'udp'])).to.have.length(4);
    const text = readFileSync(file, 'latin1');
    expect(text.match(/two two/g)).to.have.length(2);
  });
});
