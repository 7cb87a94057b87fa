import type { NodeStatus, ReloadReport, TunnelStatus } from '@lstp/core';
import { expect } from 'chai';
import { once } from 'node:events';
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { request, type IncomingMessage } from 'node:http';
import { connect as connectTo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { freePorts } from '@lstp/core';
import { openChannel } from '../src/control/control-client.js';
import { BIN, Workplace } from './support/lstp.js';
import { TestServer, echo, makeTwoEnds, startAll, type TwoEnds } from './support/two-ends.js';

/** What a pipe holds that nobody reads from (pipe(7)), and one more. */
const PIPE_AND_A_BYTE = Buffer.alloc(65_537, 'x');

describe('a running node, asked', function () {
  this.timeout(30_000);
  const place = new Workplace();
  let server: TestServer;
  let chain: TwoEnds;
  before(async () => {
    server = await TestServer.start((socket) => {
      socket.once('data', (first) => {
        if (first.toString() === 'half-close\n') return void socket.end('bye');
        if (first.toString() === 'reset\n') return void socket.resetAndDestroy();
        if (first.toString() === 'fill\n') return void socket.end(PIPE_AND_A_BYTE);
        socket.write(first);
        echo(socket);
      });
      socket.once('end', () => socket.end());
    });
    chain = await makeTwoEnds(place, server.port);
    await startAll(place);
  });
  after(async () => {
    await place.remove();
    await server.stop();
  });

  const socketOf = (node: string, { folder } = place): string => join(folder, 'lstp', readdirSync(join(folder, 'lstp')).find((name) => name.startsWith(`${node}-`)) ?? '');
  const ask = (method: string, path: string, at = socketOf('desk')): Promise<{ status: number; body: string }> =>
    new Promise((resolve, reject) => {
      const asked = request({ socketPath: at, method, path, agent: false }, (response) => {
        text(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), reject);
      });
      asked.on('error', reject).end();
    });

  async function desk(): Promise<TunnelStatus> {
    return (JSON.parse((await ask('GET', '/status')).body) as NodeStatus).tunnels[0] as TunnelStatus;
  }

  async function channelsOpened(): Promise<number> {
    return (await desk()).totals?.channels ?? 0;
  }

  /** Resolves when one more channel than `before` was opened, and none is left. */
  async function channelEnds(before: number): Promise<void> {
    for (let tunnel = await desk(); tunnel.totals?.channels === before || tunnel.channels.length > 0; ) tunnel = await desk();
  }

  describe('by lstp status', () => {
    it('shows tunnel, carrier with its map, and services', async () => {
      const { status, stdout } = await place.run(['status', '--as', 'desk']);
      expect(status).to.equal(0);
      expect(stdout).to.match(/^desk: lstp \d+\.\d+\.\d+, process \d+, up \d+ m?s\n\ntunnel acme: established\n  carrier 0: desk > lab, /);
      expect(stdout).to.contain('    desk  end').and.contain(`web  forward  applications here  0 open  127.0.0.1:${chain.front}`);
    });

    it('gives JSON of the promised form', async () => {
      const { stdout } = await place.run(['status', 'chain.yaml', '--as', 'lab', '--json']);
      const { node, tunnels } = JSON.parse(stdout);
      expect(node).to.equal('lab');
      expect(tunnels[0]).to.include({ name: 'acme', state: 'established' });
      expect(tunnels[0].carriers[0]).to.include.keys('id', 'route', 'rttMs', 'map');
      expect(tunnels[0].carriers[0].map[0]).to.include.keys('node', 'kind', 'verified');
      expect(tunnels[0].channels).to.deep.equal([]);
    });

    it('asks which one, where several run and none is named', async () => {
      const { status, stderr } = await place.run(['status']);
      expect(status).to.equal(2);
      expect(stderr).to.match(/choose one with --as NODE:\n {2}desk {2}process \d+, from .*chain\.yaml\n {2}lab {2}process/);
    });

    it('says what to do where it does not run, status 3', async () => {
      const { status, stdout, stderr } = await place.run(['status', '--as', 'west']);
      expect([status, stdout]).to.deep.equal([3, '']);
      expect(stderr).to.contain('west does not run').and.contain('lstp up FILE --as west');
    });

    it('names the node that runs and may have been meant', async () => {
      const { status, stderr } = await place.run(['status', '--as', 'desc']);
      expect(status).to.equal(3);
      expect(stderr).to.match(/^lstp: desc does not run on this machine \(no answer in .*\); did you mean desk, which does\? If not, start it with `lstp up FILE --as desc`\n$/);
    });

    it('does not take a node of the same name for that of another file', async () => {
      writeFileSync(join(place.folder, 'other.yaml'), 'lstp: 1\nnodes: { desk: {}, lab: { listen: "127.0.0.1:1" } }\ntunnels: { t: { route: desk > lab } }\n');
      const { status, stderr } = await place.run(['status', 'other.yaml', '--as', 'desk']);
      expect([status, stderr.includes('another desk does')]).to.deep.equal([3, true]);
    });

    it('answers a node that the file has not, status 2', async () => {
      const { status, stderr } = await place.run(['status', 'chain.yaml', '--as', 'desc']);
      expect([status, stderr]).to.deep.equal([2, 'lstp: no node "desc" in chain.yaml; did you mean desk?\n']);
    });
  });

  describe('by lstp reload', () => {
    it('says so when nothing changed', async () => {
      const { status, stdout } = await place.run(['reload', '--as', 'desk']);
      expect([status, stdout]).to.deep.equal([0, 'nothing changed\n']);
    });

    it('refuses a wrong file with its problems, and changes nothing', async () => {
      const other = new Workplace();
      try {
        const mine = await makeTwoEnds(other, server.port);
        await startAll(other);
        mine.write('      web: { at: desk, too: "127.0.0.1:1" }\n');
        const { status, stdout, stderr } = await other.run(['reload', '--as', 'desk']);
        expect([status, stdout]).to.deep.equal([1, '']);
        expect(stderr).to.match(/chain\.yaml:9:\d+: /);
        expect((await other.run(['status', '--as', 'desk'])).stdout).to.contain('web  forward');
      } finally {
        await other.remove();
      }
    });

    it('is an error where a service fails; what else has changed takes effect', async () => {
      const other = new Workplace();
      try {
        const mine = await makeTwoEnds(other, server.port);
        await startAll(other);
        const [port = 0] = await freePorts(1);
        const taken = `taken: { at: desk, listen: "127.0.0.1:${server.port}", to: "127.0.0.1:1" }`;
        mine.write(`      ${taken}\n      new: { at: desk, listen: "localhost:${port}", to: "127.0.0.1:1" }\n`);
        const { status, stdout, stderr } = await other.run(['reload', '--as', 'desk']);
        expect([status, stdout]).to.deep.equal([1, 'acme: service web removed\nacme: service new started\n']);
        expect(stderr).to.contain(`lstp: acme: service taken failed: cannot listen on 127.0.0.1:${server.port}: the address is in use; `);
      } finally {
        await other.remove();
      }
    });

    it('does one after the other where several are asked for at once', async () => {
      const other = new Workplace();
      try {
        const mine = await makeTwoEnds(other, server.port);
        await startAll(other);
        const [port = 0] = await freePorts(1);
        mine.write(`      new: { at: desk, listen: "localhost:${port}", to: "127.0.0.1:1" }\n`);
        const reports = await Promise.all([1, 2, 3].map(async () => JSON.parse((await ask('POST', '/reload', socketOf('desk', other))).body) as ReloadReport));
        expect(reports.flatMap(({ applied }) => applied)).to.deep.equal(['acme: service web removed', 'acme: service new started']);
      } finally {
        await other.remove();
      }
    });

    it('starts nothing any more where the node is draining', async () => {
      const other = new Workplace();
      try {
        const mine = await makeTwoEnds(other, server.port);
        const running = await startAll(other);
        const client = connectTo(mine.front, '127.0.0.1');
        client.write('held open\n');
        await once(client, 'data');
        running.child.kill('SIGTERM');
        await running.says(/draining for up to/, 'stderr');
        expect(JSON.parse((await ask('POST', '/reload', socketOf('desk', other))).body)).to.deep.equal({ error: 'desk is going down; nothing was changed' });
        client.end();
        expect((await running.ended).status).to.equal(0);
      } finally {
        await other.remove();
      }
    });
  });

  describe('by lstp connect', () => {
    const connect = (service: string, input: string) => place.run(['connect', 'chain.yaml', '--as', 'desk', service], input);

    it('joins standard input and output, with the end of each', async () => {
      const { status, stdout, stderr } = await connect('web', 'there and back\n'.repeat(50_000));
      expect([status, stderr]).to.deep.equal([0, '']);
      expect(stdout).to.equal('there and back\n'.repeat(50_000));
    });

    it('takes tunnel/service', async () => {
      expect((await connect('acme/web', 'x')).stdout).to.equal('x');
    });

    it('shows the end of output while input is still open', async () => {
      const running = place.start(['connect', 'chain.yaml', '--as', 'desk', 'web']);
      running.child.stdin?.write('half-close\n');
      expect(await text(running.child.stdout as NodeJS.ReadableStream)).to.equal('bye');
      expect(running.child.exitCode).to.equal(null);
      running.child.stdin?.end();
      expect((await running.ended).status).to.equal(0);
    });

    it('gives a slow reader all of its output', async () => {
      const command = `"$0" "$1" connect chain.yaml --as desk web | { cat gate > /dev/null; cat; }`;
      expect((await place.spawn('mkfifo', ['gate']).ended).status).to.equal(0);
      const opened = await channelsOpened();
      const running = place.spawn('sh', ['-c', command, process.execPath, BIN]);
      running.child.stdin?.end('fill\n');
      await channelEnds(opened);
      writeFileSync(join(place.folder, 'gate'), '');
      const { stdout, stderr } = await running.ended;
      expect([stdout.length, stderr]).to.deep.equal([PIPE_AND_A_BYTE.length, '']);
    });

    it('ends with status 3 and the reason when the connection is cut', async () => {
      const { status, stderr } = await connect('web', 'reset\n');
      expect([status, stderr]).to.deep.equal([3, 'lstp: acme/web: the connection was cut (reset)\n']);
    });

    it('ends quietly when the reader of its output leaves', async () => {
      const running = place.start(['connect', 'chain.yaml', '--as', 'desk', 'web']);
      running.child.stdout?.once('data', () => running.child.stdout?.destroy());
      const fill = setInterval(() => running.child.stdin?.write('x'.repeat(1000)), 5);
      const { status, stderr } = await running.ended;
      clearInterval(fill);
      expect([status, stderr]).to.deep.equal([0, '']);
    });

    it('answers a service that is not there with the nearest, status 2', async () => {
      const { status, stderr } = await connect('wbe', '');
      expect([status, stderr]).to.deep.equal([2, 'lstp: no service "wbe" with `at: desk` in chain.yaml; did you mean web?\n']);
    });

    it('takes no target for a service that has its own, status 2', async () => {
      const { status, stderr } = await place.run(['connect', 'chain.yaml', '--as', 'desk', 'web', 'elsewhere:80']);
      expect([status, stderr]).to.deep.equal([2, 'lstp: service web leads to one place, which chain.yaml names; a TARGET is for services with `allow`\n']);
    });

    const targets: [string, string[], string][] = [
      ['without one', [], 'service any leads to many places; add the TARGET that you want, such as build.acme:22'],
      ['without its port', ['build.acme'], 'TARGET: "build.acme" has no port; write build.acme:22'],
      ['an empty one', [''], 'TARGET: empty; write build.acme:22'],
    ];
    for (const [what, target, message] of targets) {
      it(`wants a target for a service whose applications choose it: ${what}, status 2`, async () => {
        writeFileSync(join(place.folder, 'chosen.yaml'), 'lstp: 1\nnodes: { desk: {}, lab: { listen: "127.0.0.1:1" } }\ntunnels: { t: { route: desk > lab, services: { any: { plugin: socks, at: desk, allow: ["*:22"] } } } }\n');
        const { status, stderr } = await place.run(['connect', 'chosen.yaml', '--as', 'desk', 'any', ...target]);
        expect([status, stderr]).to.deep.equal([2, `lstp: ${message}\n`]);
      });
    }

    it('answers a tunnel that is not there, status 2', async () => {
      expect((await connect('acne/web', '')).stderr).to.contain('no tunnel "acne" in chain.yaml; did you mean acme?');
    });
  });

  describe('by its control socket', () => {
    it('lets only its owner in', () => {
      expect(statSync(join(place.folder, 'lstp')).mode & 0o777).to.equal(0o700);
      expect(statSync(socketOf('desk')).mode & 0o777).to.equal(0o600);
      expect(socketOf('desk')).to.match(/\/desk-[0-9a-f]{8}\.sock$/);
    });

    it('serves metrics', async () => {
      const { status, body } = await ask('GET', '/metrics');
      expect(status).to.equal(200);
      expect(body).to.contain('lstp_tunnel_up{tunnel="acme"} 1');
    });

    it('says what there is, to who asks for something else', async () => {
      const { status, body } = await ask('GET', '/sttus');
      expect(status).to.equal(404);
      expect(JSON.parse(body).error).to.contain('GET /status');
    });

    it('outlives a request whose path is none', async () => {
      const upgrade = ['POST // HTTP/1.1', 'Host: control', 'Connection: Upgrade', 'Upgrade: lstp-connect', '', ''].join('\r\n');
      const socket = connectTo(socketOf('desk')).on('error', () => {});
      socket.write(upgrade);
      expect(await text(socket)).to.match(/^HTTP\/1.1 409 Conflict\r\n[^]*ERR_LSTP_CONTROL_REQUEST/);
      expect((await ask('GET', '/status')).status).to.equal(200);
    });

    it('answers at once whoever asks how a channel ends, and tells when it has', async () => {
      const { socket, id } = await openChannel(socketOf('desk'), { tunnel: 'acme', service: 'web' });
      const asked = request({ socketPath: socketOf('desk'), path: `/connect/${id}`, agent: false }).end();
      const [response] = (await once(asked, 'response')) as [IncomingMessage];
      expect([response.statusCode, (await desk()).channels.length]).to.deep.equal([200, 1]);
      socket.resume().end('x');
      expect(JSON.parse(await text(response))).to.deep.equal({ code: 'done' });
      expect((await ask('GET', `/connect/${id}`)).status).to.equal(404);
    });

    it('is gone when the node is', async () => {
      const other = new Workplace();
      try {
        await makeTwoEnds(other, server.port);
        const running = await startAll(other);
        expect(readdirSync(join(other.folder, 'lstp'))).to.have.length(2);
        await running.end();
        expect(existsSync(join(other.folder, 'lstp')) ? readdirSync(join(other.folder, 'lstp')) : []).to.deep.equal([]);
      } finally {
        await other.remove();
      }
    });
  });
});
