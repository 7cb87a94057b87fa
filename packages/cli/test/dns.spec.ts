import { expect } from 'chai';
import { existsSync } from 'node:fs';
import { freePorts } from '@lstp/core';
import { skipBecause } from '@lstp/core/testing';
import { Workplace } from './support/lstp.js';
import { makeTwoEnds, startAll } from './support/two-ends.js';

/** More than a datagram of DNS may hold. */
const RECORDS = 30;

describe('dig through a tunnel, against dnsmasq', function () {
  this.timeout(60_000);
  const place = new Workplace();
  let port: number;

  before(async function () {
    for (const program of ['/usr/bin/dig', '/usr/sbin/dnsmasq']) if (!existsSync(program)) skipBecause(this, `${program} is not installed`);
    const [server = 0, front = 0] = await freePorts(2);
    port = front;
    await startDnsmasq(server);
    const ends = await makeTwoEnds(place, server);
    // One port for both transports, as DNS wants it.
    ends.write(`      dns: { plugin: udp, at: desk, listen: "127.0.0.1:${front}", to: "127.0.0.1:${server}" }
      dns-tcp: { at: desk, listen: "127.0.0.1:${front}", to: "127.0.0.1:${server}" }
`);
    await startAll(place);
  });
  after(() => place.remove());

  async function startDnsmasq(server: number): Promise<void> {
    const texts = Array.from({ length: RECORDS }, (_, index) => `--txt-record=long.lab,record ${index} ${'x'.repeat(180)}`);
    const running = place.spawn('/usr/sbin/dnsmasq', [
      '--no-daemon', '--conf-file=/dev/null', '--no-resolv', '--no-hosts', '--pid-file=', '--user=root', `--port=${server}`, '--listen-address=127.0.0.1', '--bind-interfaces',
      '--local=/lab/', '--address=/build.lab/10.1.2.3', '--address=/build.lab/2001:db8::3', '--txt-record=short.lab,some text', ...texts,
    ]);
    await running.says(/started, version/, 'stderr');
  }

  async function dig(...question: string[]): Promise<string> {
    const { status, stdout, stderr } = await place.spawn('/usr/bin/dig', ['@127.0.0.1', '-p', String(port), '+tries=1', '+short', ...question]).ended;
    expect([status, stderr]).to.deep.equal([0, '']);
    return stdout.trim();
  }

  it('gets addresses of both kinds, and texts', async () => {
    expect(await dig('build.lab', 'A')).to.equal('10.1.2.3');
    expect(await dig('build.lab', 'AAAA')).to.equal('2001:db8::3');
    expect(await dig('short.lab', 'TXT')).to.equal('"some text"');
  });

  it('is told of a name that there is not', async () => {
    expect(await dig('nobody.lab', 'A', '+noshort', '+comments')).to.match(/status: NXDOMAIN/);
  });

  it('asks again over TCP, at the same port, for what a datagram does not hold', async () => {
    expect(await dig('long.lab', 'TXT', '+notcp', '+ignore', '+noshort', '+comments')).to.match(/flags: [a-z ]*\btc\b/);
    expect((await dig('long.lab', 'TXT')).split('\n')).to.have.length(RECORDS);
  });

  it('gets all answers of fifty that ask at once', async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, () => dig('build.lab', 'A')));
    expect(new Set(answers)).to.deep.equal(new Set(['10.1.2.3']));
  });

  it('shows in status what went through', async () => {
    const { stdout } = await place.run(['status', '--as', 'desk']);
    expect(stdout).to.match(/dns\s+udp\s+applications here\s+\d+ open\s+127\.0\.0\.1:\d+; \d+ flows, \d+ datagrams in, \d+ datagrams out/);
  });
});
