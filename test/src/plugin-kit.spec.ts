/** What a stranger does who writes a plugin: installs the packed packages in an empty folder, tests the example, uses it. */
import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePorts, skipBecause, TestServer, Workplace } from 'lstp/testing';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const PACKAGES = ['core', 'end', 'legs', 'middle', 'plugins', 'cli'];
/** npm has nothing in its cache, and reaches no registry. */
const NO_REGISTRY = /code (?:ENOTCACHED|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET_TIMEOUT)/;

interface Packed {
  readonly name: string;
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}

describe('a plugin of somebody else', function () {
  this.timeout(300_000);
  const place = new Workplace();
  const plugin = join(place.folder, 'plugin');
  let packed: readonly Packed[];

  before(async function () {
    packed = pack(place.folder);
    cpSync(join(ROOT, 'examples/plugin'), plugin, { recursive: true, filter: (path) => !path.endsWith('node_modules') });
    const tarballs = packed.map(({ filename }) => join(place.folder, filename));
    // Its cache is the user's: the home of a workplace is empty.
    const cache = execFileSync('npm', ['config', 'get', 'cache'], { cwd: ROOT, encoding: 'utf8' }).trim();
    const { status, stderr } = await place.spawn('npm', ['install', '--prefix', plugin, '--cache', cache, '--no-save', '--no-audit', '--no-fund', '--prefer-offline', ...tarballs]).ended;
    if (status !== 0 && NO_REGISTRY.test(stderr)) skipBecause(this, 'npm reaches no registry, and its cache lacks the dependencies of lstp');
    expect(status, stderr).to.equal(0);
  });
  after(() => place.remove());

  it('gets packages that have what was built, no tests and no sources', () => {
    expect(packed.map(({ name }) => name)).to.have.members(['@lstp/core', '@lstp/end', '@lstp/legs', '@lstp/middle', '@lstp/plugins', 'lstp']);
    for (const { name, files } of packed) {
      const paths = files.map(({ path }) => path);
      expect(paths, name).to.include('dist/src/index.js').and.include('dist/src/index.d.ts');
      expect(paths, name).to.include('LICENSE');
      const foreign = paths.filter((path) => /(^|\/)test\/|\.spec\.|\.tsbuildinfo$/.test(path) || (path.endsWith('.ts') && !path.endsWith('.d.ts')));
      expect(foreign, name).to.deep.equal([]);
    }
    expect(packed.find(({ name }) => name === 'lstp')?.files.map(({ path }) => path)).to.include.members(['bin/lstp.js', 'templates/plugin/index.js']);
  });

  it('gets one license in all of them, the one of the project', () => {
    const license = readFileSync(join(ROOT, 'LICENSE'), 'utf8');
    for (const name of PACKAGES) expect(readFileSync(join(ROOT, 'packages', name, 'LICENSE'), 'utf8'), name).to.equal(license);
  });

  it('passes its own tests, the conformance suites among them', async () => {
    const { status, stdout, stderr } = await place.spawn('npm', ['test', '--prefix', plugin]).ended;
    expect(status, `${stdout}\n${stderr}`).to.equal(0);
    expect(stdout).to.match(/^[#ℹ] pass [4-9]\d$/m);
  });

  it('carries its protocol between two ends', async () => {
    const server = await TestServer.start((socket) => void socket.once('data', (query: Buffer) => socket.end(`Login: ${query.toString().trim()}\r\n`)));
    const [leg = 0, front = 0] = await freePorts(2);
    const file = join(plugin, 'chain.yaml');
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll('7070', String(leg)).replaceAll('7979', String(front)).replaceAll('7980', String(server.port)));
    try {
      const running = place.spawn(process.execPath, [join(plugin, 'node_modules/lstp/bin/lstp.js'), 'up', file, '--all', '--log-format', 'json']);
      await running.says(/lstp: all ready\n/);
      expect(await ask(front, 'ann@127.0.0.1')).to.equal('Login: ann\r\n');
      expect(await ask(front, 'ann@127.0.0.2')).to.match(/^denied: /);
      expect(await ask(front, 'ann')).to.equal('ask for user@host\r\n');
      await running.says(/"bytesOut":5,"bytesIn":12,"reason":"done","msg":"tally"/, 'stderr');
      expect((await running.end()).status).to.equal(0);
    } finally {
      await server.stop();
    }
  });

  it('is checked and listed with its options', async () => {
    const lstp = (...args: string[]) => place.spawn(process.execPath, [join(plugin, 'node_modules/lstp/bin/lstp.js'), ...args]).ended;
    const file = join(plugin, 'chain.yaml');
    expect(await lstp('check', file)).to.deep.include({ status: 0, stderr: '' });
    expect((await lstp('plugins', file)).stdout).to.match(/finger[^]*front end, back end[^]*port[^]*default 79/);
    const wrong = join(plugin, 'wrong.yaml');
    writeFileSync(wrong, readFileSync(file, 'utf8').replace(/ port: \d+,/, ' prot: 79,'));
    const { status, stderr } = await lstp('check', wrong);
    expect(status).to.equal(1);
    expect(stderr).to.match(/wrong\.yaml:12:\d+: unknown key "prot"; did you mean "port"\?/);
  });
});

/** Tarballs of the packages that a plugin needs, in `folder`. */
function pack(folder: string): readonly Packed[] {
  const workspaces = PACKAGES.flatMap((name) => ['-w', `packages/${name}`]);
  const text = execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder, ...workspaces], { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 64 * 1024 * 1024 });
  return Object.values(JSON.parse(text) as readonly Packed[]);
}

/** Everything that a finger server answers. */
async function ask(port: number, query: string): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
  let answer = '';
  socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
  socket.write(`${query}\r\n`);
  await once(socket, 'end');
  socket.destroy();
  return answer;
}
