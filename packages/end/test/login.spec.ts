import { expect } from 'chai';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatBase32, hashPassword, totpCode, UsersFile } from '@lstp/core/security';
import { until } from '@lstp/core/testing';
import { Application, ApplicationServer, digestOf, echo } from './support/application.js';
import { chainOf, PairPlan, type PairOptions, type TestEnd } from './support/test-end.js';

const SECRET = Buffer.from('12345678901234567890');

describe('the plugin login', function () {
  this.timeout(20_000);
  let plan: PairPlan;
  let echoes: ApplicationServer;
  let folder: string;
  let users: string;
  let hash: string;
  const running: TestEnd[] = [];

  before(async () => {
    plan = await PairPlan.make();
    echoes = await ApplicationServer.start(echo);
    hash = await hashPassword('correct horse');
  });
  after(() => echoes.stop());
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'lstp-login-'));
    users = join(folder, 'users.txt');
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map((end) => end.stop()));
    rmSync(folder, { recursive: true });
  });

  const write = (...lines: string[]) => writeFileSync(users, `${lines.join('\n')}\n`, { mode: 0o600 });
  const options = (login: string): PairOptions => ({
    tunnel: [`login: { at: desk, users: "${users}", ${login} }`],
    services: [
      `ann: { at: desk, listen: "127.0.0.1:0", to: "127.0.0.1:${echoes.port}", users: [ann] }`,
      `ops: { at: desk, listen: "127.0.0.1:0", to: "127.0.0.1:${echoes.port}", users: ["@ops"] }`,
      `all: { at: desk, listen: "127.0.0.1:0", to: "127.0.0.1:${echoes.port}" }`,
    ],
  });

  async function start(login: string): Promise<{ desk: TestEnd; lab: TestEnd }> {
    const ends = await plan.start(options(login));
    running.push(ends.desk, ends.lab);
    return ends;
  }

  /** Which services work. */
  async function open(desk: TestEnd): Promise<string[]> {
    const names = ['ann', 'ops', 'all'];
    const works = await Promise.all(
      names.map(async (name) => {
        const client = Application.connect(desk.address(name)).read().send(Buffer.from('hello')).finish();
        return (await client.ended) === 'end' && client.digest() === digestOf(Buffer.from('hello'));
      }),
    );
    return names.filter((_, at) => works[at]);
  }

  const secrets = (...ends: TestEnd[]) => JSON.stringify(ends.map(({ log, role }) => [log, role.status()]));

  it('opens services for a user whose password is right, and says who it is', async () => {
    write(`ann:${hash}:dev`);
    const { desk, lab } = await start('user: ann, password: correct horse');
    expect(await open(desk)).to.deep.equal(['ann', 'all']);
    expect(lab.tunnel().login).to.deep.equal({ at: 'desk', state: 'verified', user: 'ann', groups: ['dev'], refused: ['ops'] });
    expect(desk.tunnel().login).to.deep.equal({ at: 'desk', state: 'given', user: 'ann', refused: [] });
    expect(await lab.says(/user logged in/)).to.deep.include({ audit: 'log-in', peer: 'desk', key: plan.desk.publicKey, user: 'ann', groups: ['dev'] });
    expect(secrets(desk, lab)).not.to.contain('correct horse');
  });

  it('opens them for groups', async () => {
    write(`bob:${hash}:ops`);
    const { desk } = await start('user: bob, password: correct horse');
    expect(await open(desk)).to.deep.equal(['ops', 'all']);
  });

  for (const [what, login, reason] of [
    ['a wrong password', 'user: ann, password: battery staple', 'wrong password'],
    ['an unknown user', 'user: eve, password: battery staple', 'no such user'],
    ['a password where a code is asked for', 'user: kim, password: battery staple', /wrong one-time code/],
    ['a wrong code', 'user: kim, totp: AAAAAAAAAAAAAAAAAAAAAAAAAA', /wrong one-time code/],
  ] as const) {
    it(`keeps them closed for ${what}; the log says why, the other end does not hear it`, async () => {
      write(`ann:${hash}:ops`, `kim::ops:${formatBase32(SECRET)}`);
      const { desk, lab } = await start(login);
      expect(await open(desk)).to.deep.equal(['all']);
      const user = login.slice(6, 9);
      expect(await lab.says(/log-in denied/)).to.include({ audit: 'denied', peer: 'desk', key: plan.desk.publicKey, user }).and.have.property('reason').that.matches(new RegExp(reason));
      expect(lab.tunnel().login).to.deep.equal({ at: 'desk', state: 'refused', user, message: `the log-in of ${user} is wrong`, refused: ['ann', 'ops'] });
      expect(secrets(desk)).not.to.match(/no such user|wrong password|one-time code,/);
      expect(secrets(desk, lab)).not.to.contain('battery');
    });
  }

  it('takes a one-time code; after a restart another one', async () => {
    // A secret of its own: what was used is remembered for the life of the process.
    const secret = Buffer.from('once-and-never-again');
    write(`ann::ops:${formatBase32(secret)}`);
    const login = `user: ann, totp: ${formatBase32(secret)}`;
    const { desk, lab } = await start(login);
    expect(await open(desk)).to.deep.equal(['ann', 'ops', 'all']);
    await desk.stop();
    const again = await plan.end('desk', options(login));
    running.push(again);
    await again.start();
    await again.role.established();
    await until('the second log-in', () => lab.log.filter(({ msg }) => /user logged in/.test(msg)).length === 2);
    expect(await open(again)).to.deep.equal(['ann', 'ops', 'all']);
    expect(secrets(desk, lab, again)).not.to.contain(formatBase32(secret));
  });

  it('takes no one-time code twice', async () => {
    const secret = Buffer.from('everybody-has-it-now');
    write(`ann::ops:${formatBase32(secret)}`);
    // Another one has used all that are right now and soon: at another tunnel of this process.
    const other = await UsersFile.open(users);
    const steps = [-1, 0, 1, 2].map((step) => totpCode(secret, Date.now() + step * 30_000));
    for (const [at, proof] of steps.entries()) {
      const then = await UsersFile.open(users, { date: () => Date.now() + (at - 1) * 30_000 });
      expect((await then.verifyLogin({ user: 'ann', proof })).user?.user).to.equal('ann');
    }
    expect((await other.verifyLogin({ user: 'ann', proof: steps[1] ?? '' })).user).to.equal(undefined);
    const { desk, lab } = await start(`user: ann, totp: ${formatBase32(secret)}`);
    expect(await open(desk)).to.deep.equal(['all']);
    expect(await lab.says(/log-in denied/)).to.include({ reason: 'this one-time code was used before', user: 'ann' });
  });

  it('takes password and code together, and neither alone', async () => {
    const secret = Buffer.from('both-of-them-are-due');
    write(`ann:${hash}:ops:${formatBase32(secret)}`);
    const { desk, lab } = await start(`user: ann, password: correct horse, totp: ${formatBase32(secret)}`);
    expect(await open(desk)).to.deep.equal(['ann', 'ops', 'all']);
    await Promise.all([desk.stop(), lab.stop()]);
    for (const part of ['password: correct horse', `totp: ${formatBase32(secret)}`]) {
      const ends = await start(`user: ann, ${part}`);
      expect(await open(ends.desk), part).to.deep.equal(['all']);
      await Promise.all([ends.desk.stop(), ends.lab.stop()]);
    }
  });

  it('says what to do where there is nobody to ask, and works without', async () => {
    write(`ann:${hash}`);
    // Whoever runs the tests may sit at a terminal.
    const { isTTY } = process.stdin;
    process.stdin.isTTY = false;
    const { desk, lab } = await start('user: ann').finally(() => {
      process.stdin.isTTY = isTTY;
    });
    expect(await open(desk)).to.deep.equal(['all']);
    expect(await desk.says(/log-in failed to start/)).to.have.property('reason').that.contains('write password: ${env:NAME} or ${file:PATH} in login of the tunnel');
    expect(desk.tunnel().login).to.deep.include({ state: 'failed', refused: ['ann', 'ops'] });
    expect(lab.tunnel().login).to.deep.equal({ at: 'desk', state: 'none', message: 'desk gave no credentials', refused: ['ann', 'ops'] });
  });

  describe('reload', () => {
    const reload = (end: TestEnd, login: string) => end.reload(chainOf(plan.text(options(login))));

    it('lets in who was added, without another log-in', async () => {
      write(`eve:${hash}`);
      const { desk, lab } = await start('user: ann, password: correct horse');
      expect(await open(desk)).to.deep.equal(['all']);
      write(`eve:${hash}`, `ann:${hash}:ops`);
      const { applied } = await reload(lab, 'user: ann, password: correct horse');
      expect(applied).to.deep.equal([`acme: log-in: ${users} read again, 2 users`]);
      await until('the log-in', () => lab.tunnel().login?.state === 'verified');
      expect(await open(desk)).to.deep.equal(['ann', 'ops', 'all']);
    });

    it('gives whose groups have changed the services of those', async () => {
      write(`ann:${hash}`);
      const { desk, lab } = await start('user: ann, password: correct horse');
      expect(await open(desk)).to.deep.equal(['ann', 'all']);
      write(`ann:${hash}:ops`);
      await reload(lab, 'user: ann, password: correct horse');
      expect(await open(desk)).to.deep.equal(['ann', 'ops', 'all']);
    });

    it('closes to who was taken out, and says so; what is open goes on', async () => {
      write(`ann:${hash}:ops`);
      const { desk, lab } = await start('user: ann, password: correct horse');
      const stays = Application.connect(desk.address('ann')).read().send(Buffer.from('ping'));
      await stays.got(4);
      write(`eve:${hash}`);
      await reload(lab, 'user: ann, password: correct horse');
      expect(await open(desk)).to.deep.equal(['all']);
      expect(lab.tunnel().login).to.include({ state: 'refused', user: 'ann', message: 'ann is no user any more' });
      expect(await lab.says(/log-in withdrawn/)).to.include({ audit: 'denied', user: 'ann' });
      stays.send(Buffer.from('ping'));
      await stays.got(8);
      expect(await stays.finish().ended).to.equal('end');
    });

    it('refuses a wrong one, and goes on with what it had', async () => {
      write(`ann:${hash}`);
      const { desk, lab } = await start('user: ann, password: correct horse');
      expect(await open(desk)).to.deep.equal(['ann', 'all']);
      write('ann');
      const error: unknown = await reload(lab, 'user: ann, password: correct horse').catch((thrown: unknown) => thrown);
      expect(error).to.have.property('message').that.contains(`${users}:1:4: `);
      expect(lab.tunnel().login?.state).to.equal('verified');
    });

    it('starts what could not start', async () => {
      const { desk, lab } = await start('user: ann, password: correct horse');
      expect(await open(desk)).to.deep.equal(['all']);
      expect(await lab.says(/log-in failed to start/)).to.have.property('reason').that.contains(`lstp passwd ${users} USER`);
      write(`ann:${hash}`);
      expect((await reload(lab, 'user: ann, password: correct horse')).applied).to.deep.equal(['acme: log-in: started']);
    });

    it('says that another log-in needs a restart', async () => {
      write(`ann:${hash}`);
      const { desk } = await start('user: ann, password: correct horse');
      const { ignored } = await reload(desk, 'user: bob, password: correct horse');
      expect(ignored.join()).to.contain('login of tunnel acme has changed');
    });
  });
});
