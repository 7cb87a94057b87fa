import { expect } from 'chai';
import { hashPassword } from '@lstp/core/security';
import { skipBecause } from '@lstp/core/testing';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BIN, Workplace, type Running } from './support/lstp.js';
import { TestServer, echo, makeTwoEnds } from './support/two-ends.js';

describe('log-in', function () {
  this.timeout(30_000);
  let place: Workplace;
  let server: TestServer;
  let hash: string;
  let terminal: Running | undefined;
  before(async () => {
    hash = await hashPassword('correct horse');
  });
  beforeEach(async () => {
    place = new Workplace();
    server = await TestServer.start(echo);
    const { front, write } = await makeTwoEnds(place, server.port);
    write(`      web: { at: desk, listen: "127.0.0.1:${front}", to: "127.0.0.1:${server.port}", users: [ann] }\n    login: { at: desk, user: ann, users: users.txt }\n`);
    writeFileSync(join(place.folder, 'users.txt'), `ann:${hash}:ops\n`, { mode: 0o600 });
  });
  afterEach(async () => {
    // The node is a process of the terminal's, and takes the end of that for a wish to reload.
    if (terminal?.child.exitCode === null) terminal.child.stdin?.write('\u0003');
    await terminal?.ended;
    terminal = undefined;
    await place.remove();
    await server.stop();
  });

  const onTerminal = (context: Mocha.Context): Running => {
    if (!existsSync('/usr/bin/script')) skipBecause(context, 'script (package bsdutils) is not here');
    terminal = place.spawn('/usr/bin/script', ['-qec', `${process.execPath} ${BIN} up chain.yaml --all --keys keys --log-format json`, '/dev/null']);
    return terminal;
  };

  it('asks on the terminal before the tunnel is built, and status shows who it is', async function () {
    const running = onTerminal(this);
    await running.says(/lstp: Password of ann for tunnel acme: /);
    running.child.stdin?.write('correct horse\r');
    await running.says(/all ready[^]*user logged in|user logged in[^]*all ready/);
    expect(running.stdout).not.to.contain('correct horse');
    const [desk, lab] = [await place.run(['status', '--as', 'desk']), await place.run(['status', '--as', 'lab'])];
    expect(desk.stdout).to.contain('  log-in from desk: given as ann\n');
    expect(lab.stdout).to.contain('  log-in from desk: ann @ops\n');
  });

  it('ends at Ctrl-C in the middle of the question', async function () {
    const running = onTerminal(this);
    await running.says(/lstp: Password of ann for tunnel acme: /);
    await running.says(/desk ready/);
    running.child.stdin?.write('\u0003');
    expect((await running.ended).status).to.equal(0);
  });

  it('waits for nobody where there is no terminal, and says what to do', async () => {
    const running = place.start(['up', 'chain.yaml', '--all', '--keys', 'keys']);
    await running.says(/all ready/);
    expect(running.stderr).to.contain('no terminal to ask for it: Password of ann, tunnel acme; run lstp in the foreground of one, or write password: ${env:NAME} or ${file:PATH}');
    const { stdout } = await place.run(['status', '--as', 'desk']);
    expect(stdout).to.match(/ {2}log-in from desk: failed: no terminal .*\n {4}closed for want of it: web\n/);
    const reloaded = await place.run(['reload', '--as', 'lab']);
    expect(reloaded.stdout).to.equal(`acme: log-in: ${join(place.folder, 'users.txt')} read again, 1 users\n`);
  });
});
