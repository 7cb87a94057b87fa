import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { skipBecause } from '@lstp/core/testing';
import { Workplace } from './support/lstp.js';
import { makeFourNodes } from './support/four-nodes.js';
import { missingForSsh, startSshd, type OwnSshd } from './support/own-sshd.js';

const FILE_BYTES = 256 * 1024 * 1024;
const DOWNLOADS = 200;

describe('real programs over desk > west > east < lab, four processes,', function () {
  this.timeout(180_000);
  describe('curl', () => {
    const place = new Workplace();
    let server: Server;
    let url: string;

    before(async function () {
      if (!existsSync('/usr/bin/curl')) skipBecause(this, 'curl is not installed');
      server = await serveFolder(place.folder);
      const nodes = await makeFourNodes(place, (server.address() as AddressInfo).port);
      for (const node of ['east', 'lab', 'west', 'desk'] as const) await nodes.start(node);
      url = `http://127.0.0.1:${nodes.front}`;
      writeRandom(join(place.folder, 'large'), FILE_BYTES);
    });
    after(async () => {
      await place.remove();
      server?.close();
    });

    it('downloads 256 MiB unchanged', async () => {
      const { status, stderr } = await place.spawn('curl', ['-sSf', '-o', 'downloaded', `${url}/large`]).ended;
      expect([status, stderr]).to.deep.equal([0, '']);
      expect(await sha256(join(place.folder, 'downloaded'))).to.equal(await sha256(join(place.folder, 'large')));
    });

    it('uploads 256 MiB unchanged', async () => {
      const { status, stderr } = await place.spawn('curl', ['-sSf', '-T', 'large', `${url}/uploaded`]).ended;
      expect([status, stderr]).to.deep.equal([0, '']);
      expect(await sha256(join(place.folder, 'uploaded'))).to.equal(await sha256(join(place.folder, 'large')));
    });

    it(`downloads ${DOWNLOADS} files at once`, async () => {
      const small = join(place.folder, 'small');
      writeRandom(small, 300_000);
      mkdirSync(join(place.folder, 'many'));
      // Parallel transfers show their progress on stderr, silent or not.
      const { status } = await place.spawn('curl', ['-sSf', '--parallel', '--parallel-immediate', '--parallel-max', String(DOWNLOADS), '-o', 'many/#1', `${url}/small?[1-${DOWNLOADS}]`]).ended;
      expect(status).to.equal(0);
      const expected = readFileSync(small);
      for (let index = 1; index <= DOWNLOADS; index += 1) expect(readFileSync(join(place.folder, 'many', String(index))).equals(expected), `download ${index}`).to.equal(true);
    });
  });

  describe('over ssh,', () => {
    const place = new Workplace();
    let sshd: OwnSshd;
    let ssh: string;

    before(async function () {
      const missing = missingForSsh();
      if (missing !== undefined) skipBecause(this, missing);
      sshd = await startSshd(place);
      const nodes = await makeFourNodes(place, sshd.port);
      for (const node of ['west', 'desk', 'lab', 'east'] as const) await nodes.start(node);
      ssh = ['ssh', ...sshd.options, '-p', String(nodes.front)].join(' ');
    });
    after(() => place.remove());

    it('rsync copies a tree, and only what changed the second time', async function () {
      if (!existsSync('/usr/bin/rsync')) skipBecause(this, 'rsync is not installed');
      const tree = join(place.folder, 'tree');
      mkdirSync(join(tree, 'deep'), { recursive: true });
      writeRandom(join(tree, 'deep', 'random'), 20_000_000);
      writeFileSync(join(tree, 'note'), 'first');
      const sync = (): Promise<{ status: number | null; stdout: string; stderr: string }> => place.spawn('rsync', ['-a', '--stats', '-e', ssh, `${tree}/`, `${sshd.user}@127.0.0.1:${place.folder}/copy/`]).ended;
      expect((await sync()).status).to.equal(0);
      writeFileSync(join(tree, 'note'), 'second time');
      const again = await sync();
      expect([again.status, again.stderr]).to.deep.equal([0, '']);
      expect(again.stdout).to.match(/files transferred: 1\n/);
      expect(execFileSync('diff', ['-r', tree, join(place.folder, 'copy')]).toString()).to.equal('');
    });

    it('git clones a repository', async function () {
      if (!existsSync('/usr/bin/git')) skipBecause(this, 'git is not installed');
      const origin = join(place.folder, 'origin');
      const git = (...args: string[]): string => execFileSync('git', ['-C', origin, '-c', 'user.name=lstp', '-c', 'user.email=lstp@localhost', ...args]).toString();
      mkdirSync(origin);
      git('init', '-q');
      writeRandom(join(origin, 'blob'), 5_000_000);
      git('add', '.');
      git('commit', '-qm', 'first');
      const clone = place.spawn('git', ['-c', `core.sshCommand=${ssh}`, 'clone', '-q', `ssh://${sshd.user}@127.0.0.1${origin}`, 'clone']);
      expect((await clone.ended).status).to.equal(0);
      expect(readFileSync(join(place.folder, 'clone', 'blob')).equals(readFileSync(join(origin, 'blob')))).to.equal(true);
    });
  });
});

/** GET gives a file of the folder, PUT makes one. */
function serveFolder(folder: string): Promise<Server> {
  const server = createServer((request, response) => {
    const path = join(folder, new URL(request.url ?? '/', 'http://localhost').pathname);
    const done = request.method === 'PUT' ? pipeline(request, createWriteStream(path)).then(() => response.end()) : pipeline(createReadStream(path), response);
    done.catch(() => response.destroy());
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

/** Bytes that differ everywhere, made fast: one random megabyte, each time with its own number in front. */
function writeRandom(path: string, bytes: number): void {
  const piece = randomBytes(1_000_000);
  writeFileSync(path, '');
  for (let at = 0; at < bytes; at += piece.length) {
    piece.writeUInt32BE(at, 0);
    writeFileSync(path, piece.subarray(0, Math.min(piece.length, bytes - at)), { flag: 'a' });
  }
}

async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
