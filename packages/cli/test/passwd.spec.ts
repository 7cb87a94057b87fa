import { expect } from 'chai';
import { UsersFile } from '@lstp/core/security';
import { skipBecause } from '@lstp/core/testing';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { BIN, Workplace } from './support/lstp.js';

describe('lstp passwd', function () {
  this.timeout(30_000);
  let place: Workplace;
  let path: string;
  beforeEach(() => {
    place = new Workplace();
    path = join(place.folder, 'users.txt');
  });
  afterEach(() => place.remove());

  it('takes the password from standard input and keeps it as a hash', async () => {
    const { status, stdout, stderr } = await place.run(['passwd', 'users.txt', 'ann', '--group', 'ops', '--group', 'dev'], 'correct horse\n');
    expect([status, stdout]).to.deep.equal([0, '']);
    expect(stderr).to.equal('lstp: ann added in users.txt; a node that uses it takes it over at `lstp reload`\n');
    expect(readFileSync(path, 'utf8')).to.match(/^ann:\$scrypt\$.*:ops,dev\n$/);
    expect(statSync(path).mode & 0o777).to.equal(0o600);
    const users = await UsersFile.open(path);
    expect((await users.verify({ user: 'ann', password: 'correct horse' })).user).to.deep.equal({ user: 'ann', groups: ['ops', 'dev'] });
  });

  it('prints a new secret of one-time codes', async () => {
    const { status, stdout } = await place.run(['passwd', 'users.txt', 'ann', '--totp']);
    const secret = /^otpauth:\/\/totp\/lstp:ann\?secret=([A-Z2-7]{32})&.*\n\1\n$/.exec(stdout)?.[1];
    expect(status).to.equal(0);
    expect(readFileSync(path, 'utf8')).to.equal(`ann:::${secret}\n`);
  });

  it('refuses no password, several lines, and what is no name', async () => {
    const ended = [await place.run(['passwd', 'users.txt', 'ann'], '\n'), await place.run(['passwd', 'users.txt', 'ann'], 'a\nb\n'), await place.run(['passwd', 'users.txt', 'a:b'], 'x'), await place.run(['passwd', 'users.txt', 'ann', '--group', '@ops'], 'x')];
    expect(ended.map(({ status }) => status)).to.deep.equal([2, 2, 2, 2]);
    expect(ended[3]?.stderr).to.contain('"@ops" is no name of a group');
    expect(existsSync(path)).to.equal(false);
  });

  describe('on a terminal', () => {
    const onTerminal = (context: Mocha.Context, answers: readonly [string, string]) => {
      if (!existsSync('/usr/bin/script')) skipBecause(context, 'script (package bsdutils) is not here');
      const running = place.spawn('/usr/bin/script', ['-qec', `${process.execPath} ${BIN} passwd users.txt ann`, '/dev/null']);
      void running.says(/New password of ann: /).then(() => running.child.stdin?.write(`${answers[0]}\r`));
      void running.says(/Again: /).then(() => running.child.stdin?.write(`${answers[1]}\r`));
      return running.ended;
    };

    it('asks twice and shows nothing of the answers', async function () {
      const { status, stdout } = await onTerminal(this, ['horzx\u007f\u007fse', 'horse']);
      expect([status, stdout]).to.deep.equal([0, 'New password of ann: \r\nAgain: \r\nlstp: ann added in users.txt; a node that uses it takes it over at `lstp reload`\r\n']);
      expect((await (await UsersFile.open(path)).verify({ user: 'ann', password: 'horse' })).user?.user).to.equal('ann');
    });

    it('changes nothing when the answers differ', async function () {
      const { status, stdout } = await onTerminal(this, ['one', 'two']);
      expect(status).to.equal(2);
      expect(stdout).to.contain('the two are not the same');
      expect(existsSync(path)).to.equal(false);
    });

    it('ends at Ctrl-C, as anything does', async function () {
      const { status } = await onTerminal(this, ['one', 'two\u0003']);
      expect(status).to.equal(130);
      expect(existsSync(path)).to.equal(false);
    });

    it('leaves at Ctrl-D', async function () {
      const { status, stdout } = await onTerminal(this, ['one', 'two\u0004']);
      expect(status).to.equal(1);
      expect(stdout).to.contain('no answer');
      expect(existsSync(path)).to.equal(false);
    });
  });
});
