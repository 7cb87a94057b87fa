import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { Workplace } from './support/lstp.js';
import { TestServer, echo, makeTwoEnds, startAll, type TwoEnds } from './support/two-ends.js';

describe('lstp up', function () {
  this.timeout(30_000);
  let place: Workplace;
  let server: TestServer;
  let chain: TwoEnds;
  beforeEach(async () => {
    place = new Workplace();
    server = await TestServer.start(echo);
    chain = await makeTwoEnds(place, server.port);
  });
  afterEach(async () => {
    await place.remove();
    await server.stop();
  });

  it('--all runs every node, carries bytes, and drains at SIGTERM', async () => {
    const running = await startAll(place);
    expect(running.stdout).to.equal('lstp: desk ready\nlstp: lab ready\nlstp: all ready\n');
    expect(await askThrough(chain.front, 'over there')).to.equal('over there');
    const { status, signal } = await running.end('SIGTERM');
    expect([status, signal]).to.deep.equal([0, null]);
  });

  it('--as runs one node in either order, and waits for the other without an end', async () => {
    const desk = place.start(['up', 'chain.yaml', '--as', 'desk', '--keys', 'keys']);
    await desk.says(/lstp: desk ready\n/);
    await desk.says(/dialing lab|cannot reach lab: 127\.0\.0\.1:/, 'stderr');
    const lab = place.start(['up', 'chain.yaml', '--as', 'lab', '--keys', 'keys']);
    await desk.says(/tunnel established/, 'stderr');
    expect(await askThrough(chain.front, 'x'.repeat(100_000))).to.have.length(100_000);
    await lab.end('SIGKILL');
    await desk.says(/tunnel interrupted/, 'stderr');
    const again = place.start(['up', 'chain.yaml', '--as', 'lab', '--keys', 'keys']);
    await again.says(/lstp: lab ready/);
    await desk.says(/tunnel established[^]*tunnel established/, 'stderr');
    expect(await askThrough(chain.front, 'again')).to.equal('again');
    expect((await desk.end('SIGINT')).status).to.equal(0);
  });

  it('lets open connections finish while it drains, and ends at once at a second signal', async () => {
    const running = await startAll(place);
    const socket = await opened(chain.front);
    running.child.kill('SIGTERM');
    await running.says(/draining/, 'stderr');
    socket.write('still here');
    expect(String((await once(socket, 'data'))[0])).to.equal('still here');
    const { status } = await running.end('SIGTERM');
    expect(status).to.equal(143);
  });

  it('tells a second process of the same node which process runs', async () => {
    const running = await startAll(place);
    const { status, stderr } = await place.run(['up', 'chain.yaml', '--as', 'desk', '--keys', 'keys']);
    expect(status).to.equal(1);
    expect(stderr).to.contain(`desk runs already on this machine: process ${running.child.pid} `);
    expect(await askThrough(chain.front, 'undisturbed')).to.equal('undisturbed');
  });

  it('takes over the control socket of a process that died', async () => {
    const killed = await startAll(place);
    await killed.end('SIGKILL');
    await startAll(place);
    expect((await place.run(['status', '--as', 'desk'])).status).to.equal(0);
  });

  it('names the address that another program has, and what to do', async () => {
    const taken = await TestServer.start(echo);
    try {
      const { status, stderr } = await place.run(['check', 'chain.yaml']);
      expect([status, stderr]).to.deep.equal([0, '']);
      const text = `lstp: 1\nnodes: { desk: {}, lab: { listen: "127.0.0.1:${taken.port}" } }\ntunnels: { acme: { route: desk > lab } }\n`;
      writeFileSync(join(place.folder, 'taken.yaml'), text);
      const ended = await place.run(['up', 'taken.yaml', '--all']);
      expect(ended.status).to.equal(1);
      expect(ended.stderr).to.match(new RegExp(`cannot listen on 127\\.0\\.0\\.1:${taken.port}: another program listens there; .*choose another port`));
    } finally {
      await taken.stop();
    }
  });

  it('does not start where services cannot listen, and names each with its place and what to do', async () => {
    const taken = await TestServer.start(echo);
    try {
      chain.write(`      web: { at: desk, listen: "127.0.0.1:${taken.port}", to: "127.0.0.1:1" }\n      fine: { at: desk, listen: "127.0.0.1:${chain.front}", to: "127.0.0.1:1" }\n      box: { at: desk, listen: "unix:${place.folder}/absent/box.sock", to: "127.0.0.1:1" }\n`);
      const ended = await place.run(['up', 'chain.yaml', '--as', 'desk', '--keys', 'keys', '--log-level', 'silent']);
      expect([ended.status, ended.stdout]).to.deep.equal([1, '']);
      expect(ended.stderr).to.equal(
        `lstp: chain.yaml:9:7: service web of tunnel acme: cannot listen on 127.0.0.1:${taken.port}: the address is in use; stop what listens there, or choose another port\n` +
          `chain.yaml:11:7: service box of tunnel acme: cannot listen on unix:${place.folder}/absent/box.sock: the folder of the socket does not exist\n`,
      );
    } finally {
      await taken.stop();
    }
  });

  it('--all names what keeps each node from starting', async () => {
    const taken = await TestServer.start(echo);
    try {
      const text = `lstp: 1
nodes: { desk: {}, lab: { listen: "127.0.0.1:${chain.lab}" }, west: { listen: "127.0.0.1:${taken.port}" } }
tunnels:
  acme: { route: desk > lab, services: { here: { at: desk, listen: "127.0.0.1:${taken.port}", to: "127.0.0.1:1" }, there: { at: lab, listen: "127.0.0.1:${taken.port}", to: "127.0.0.1:1" } } }
`;
      writeFileSync(join(place.folder, 'taken.yaml'), text);
      const ended = await place.run(['up', 'taken.yaml', '--all', '--log-level', 'silent']);
      expect([ended.status, ended.stdout]).to.deep.equal([1, '']);
      for (const what of ['service here of tunnel acme: cannot listen on', 'service there of tunnel acme: cannot listen on', 'lstp: cannot listen on']) expect(ended.stderr).to.contain(what);
    } finally {
      await taken.stop();
    }
  });

  it('takes over changed services at SIGHUP, and keeps open connections', async () => {
    const running = await startAll(place);
    const socket = await opened(chain.front);
    chain.write(`      web: { at: desk, listen: "127.0.0.1:${chain.front}", to: "127.0.0.1:${server.port}" }\n      more: { at: desk, to: "127.0.0.1:${server.port}" }\n`);
    running.child.kill('SIGHUP');
    await running.says(/files read again[^]*files read again/, 'stderr');
    expect((await place.run(['connect', 'chain.yaml', '--as', 'desk', 'more'], 'new')).stdout).to.equal('new');
    socket.end('kept');
    expect(await text(socket)).to.equal('kept');
  });

  it('takes a SIGHUP over that comes while it starts', async () => {
    const file = join(place.folder, 'chain.yaml');
    const before = readFileSync(file, 'utf8');
    // Whoever reads a FIFO waits for what we write: the node is in the middle of its start then.
    rmSync(file);
    execFileSync('mkfifo', [file]);
    const running = place.start(['up', 'chain.yaml', '--as', 'desk', '--keys', 'keys']);
    const fifo = await open(file, 'w');
    running.child.kill('SIGHUP');
    renameSync(file, `${file}.first`);
    chain.write(`      more: { at: desk, to: "127.0.0.1:${server.port}" }\n`);
    await fifo.writeFile(before);
    await fifo.close();
    await running.says(/lstp: desk ready/);
    await running.says(/service more started/, 'stderr');
  });

  it('reads a folder of chain files', async () => {
    mkdirSync(join(place.folder, 'chains'));
    renameSync(join(place.folder, 'chain.yaml'), join(place.folder, 'chains/a.yml'));
    writeFileSync(join(place.folder, 'chains/other.yaml'), 'lstp: 1\nnodes: { one: { listen: "127.0.0.1:0", address: "127.0.0.1:1" }, two: {} }\ntunnels: { t: { route: two > one } }\n');
    const running = place.start(['up', 'chains', '--as', 'desk', '--keys', 'keys']);
    await running.says(/lstp: desk ready/);
  });

  describe('refuses to start', () => {
    const usage: [string, string[], RegExp][] = [
      ['without a node', [], /which node\?/],
      ['with both --as and --all', ['--as', 'desk', '--all'], /use one of them/],
      ['as a node that the file has not', ['--as', 'desc'], /no node "desc" in chain\.yaml; did you mean desk\?/],
      ['one node with --direct', ['--as', 'desk', '--direct'], /--direct is for --all only/],
      ['with a level that is none', ['--all', '--log-level', 'loud'], /Allowed choices are trace, debug/],
    ];
    for (const [what, args, answer] of usage) {
      it(`${what}, status 2`, async () => {
        const { status, stdout, stderr } = await place.run(['up', 'chain.yaml', '--keys', 'keys', ...args]);
        expect(stderr).to.match(answer);
        expect([status, stdout]).to.deep.equal([2, '']);
      });
    }

    it('with a file that is wrong, status 1, all problems with their places', async () => {
      chain.write('      web: { at: dekc, to: "127.0.0.1" }\n');
      const { status, stderr } = await place.run(['up', 'chain.yaml', '--as', 'desk', '--keys', 'keys']);
      expect(status).to.equal(1);
      expect(stderr.split('\n').filter((line) => /^chain\.yaml:9:\d+: /.test(line))).to.have.length(2);
    });

    it('without its key file, naming the command that makes one', async () => {
      rmSync(join(place.folder, 'keys/desk.key'));
      const { status, stderr } = await place.run(['up', 'chain.yaml', '--as', 'desk', '--keys', 'keys']);
      expect([status, stderr]).to.deep.equal([1, 'lstp: keys/desk.key: no such key file; make one with `lstp keygen desk --keys keys`\n']);
    });

    it('with a key that others can read, naming the chmod', async () => {
      chmodSync(join(place.folder, 'keys/desk.key'), 0o644);
      const { status, stderr } = await place.run(['up', 'chain.yaml', '--as', 'desk', '--keys', 'keys']);
      expect([status, stderr.includes('chmod 600 keys/desk.key')]).to.deep.equal([1, true]);
    });

    it('with the key of another node', async () => {
      renameSync(join(place.folder, 'keys/lab.key'), join(place.folder, 'keys/desk.key'));
      const { status, stderr } = await place.run(['up', 'chain.yaml', '--as', 'desk', '--keys', 'keys']);
      expect([status, /keys\/desk\.key is the key ed25519:\S+, but chain\.yaml names ed25519:\S+ for desk/.test(stderr)]).to.deep.equal([1, true]);
    });
  });
});

/** A connection that has already carried something. */
async function opened(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.on('error', () => {});
  await once(socket, 'connect');
  socket.write('?');
  await once(socket, 'data');
  return socket;
}

/** What comes back when `question` was sent and its end told. */
async function askThrough(port: number, question: string): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.end(question);
  return text(socket);
}
