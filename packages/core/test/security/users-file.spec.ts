import { expect } from 'chai';
import { chmodSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from '../../src/config/config-error.js';
import { UsersFile, formatBase32, formatScryptHash, hashPassword, parseScryptHash, totpCode, writeUser, type ScryptHash } from '../../src/security/index.js';

const SECRET = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';

describe('security/users-file', () => {
  let folder: string;
  let path: string;
  let waits: number[];
  let hash: string;
  let clock: number;
  before(async () => {
    hash = await hashPassword('secret');
  });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'lstp-users-'));
    path = join(folder, 'users.txt');
    waits = [];
    clock = 0;
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const write = (...lines: string[]) => writeFileSync(path, `${lines.join('\n')}\n`, { mode: 0o600 });
  const wait = async (ms: number) => {
    waits.push(ms);
    clock += ms;
  };
  const open = () => UsersFile.open(path, { now: () => clock, wait });

  describe('a password', () => {
    it('is right for its user alone, who has its groups', async () => {
      write('# who may', '', `ann:${hash}:ops,dev`, `bob:${await hashPassword('other')}`);
      const users = await open();
      expect(users.size).to.equal(2);
      expect(await users.verify({ user: 'ann', password: 'secret' })).to.deep.equal({ user: { user: 'ann', groups: ['ops', 'dev'] } });
      expect(await users.verify({ user: 'bob', password: 'secret' })).to.deep.equal({ wrong: 'wrong password' });
      expect(await users.verify({ user: 'Ann', password: 'secret' })).to.deep.equal({ wrong: 'no such user' });
    });

    it('is none where there are only codes, and not enough where there are both', async () => {
      write(`ann:::${SECRET}`, `bob:${hash}::${SECRET}`);
      const users = await open();
      expect((await users.verify({ user: 'ann', password: 'secret' })).wrong).to.contain('has no password');
      expect((await users.verify({ user: 'bob', password: 'secret' })).wrong).to.contain('one-time code');
      expect((await users.verify({ user: 'bob', password: 'wrong' })).wrong).to.equal('wrong password');
    });
  });

  describe('a log-in', () => {
    const at = 1_700_000_010_000;
    const openAt = (ms: number) => UsersFile.open(path, { now: () => clock, wait, date: () => ms });

    it('takes a password where the line has one', async () => {
      write(`ann:${hash}:ops`);
      const users = await open();
      expect(await users.verifyLogin({ user: 'ann', proof: 'secret' })).to.deep.equal({ user: { user: 'ann', groups: ['ops'] } });
      expect((await users.verifyLogin({ user: 'ann', proof: '123456 secret' })).wrong).to.equal('wrong password');
      expect((await users.verifyLogin({ user: 'eve', proof: 'secret' })).wrong).to.equal('no such user');
    });

    it('takes a code once, in whatever file', async () => {
      const secret = Buffer.from('a secret of its own!');
      write(`ann:::${formatBase32(secret)}`);
      const [one, two] = [await openAt(at), await openAt(at)];
      const codes = [-30_000, 0, 30_000].map((offset) => totpCode(secret, at + offset));
      expect((await one.verifyLogin({ user: 'ann', proof: codes[1] ?? '' })).user?.user).to.equal('ann');
      expect((await one.verifyLogin({ user: 'ann', proof: codes[1] ?? '' })).wrong).to.contain('used before');
      expect((await two.verifyLogin({ user: 'ann', proof: codes[1] ?? '' })).wrong).to.contain('used before');
      expect((await two.verifyLogin({ user: 'ann', proof: codes[0] ?? '' })).user?.user).to.equal('ann');
      expect((await one.verifyLogin({ user: 'ann', proof: codes[0] ?? '' })).wrong).to.contain('used before');
      expect((await two.verifyLogin({ user: 'ann', proof: codes[2] ?? '' })).user?.user).to.equal('ann');
      expect((await (await openAt(at + 120_000)).verifyLogin({ user: 'ann', proof: codes[2] ?? '' })).wrong).to.contain('clocks');
    });

    it('takes code and password together where the line has both; a wrong password uses up no code', async () => {
      const secret = Buffer.from('one more of its own!');
      write(`ann:${hash}::${formatBase32(secret)}`);
      const users = await openAt(at);
      const code = totpCode(secret, at);
      for (const [proof, wrong] of [['secret', 'wrong password'], [code, 'wrong password'], [`${code} wrong`, 'wrong password'], ['000000 secret', 'wrong one-time code']] as const) {
        expect((await users.verifyLogin({ user: 'ann', proof })).wrong, proof).to.contain(wrong);
      }
      expect((await users.verifyLogin({ user: 'ann', proof: `${code} secret` })).user?.user).to.equal('ann');
    });
  });

  describe('wrong attempts', () => {
    it('slow the next ones of this user, and then of nobody else', async () => {
      write(`ann:${hash}`, `bob:${hash}`);
      const users = await open();
      for (let attempt = 0; attempt < 4; attempt++) await users.verify({ user: 'ann', password: 'wrong' });
      expect(waits).to.deep.equal([250, 500, 1000]);
      await users.verify({ user: 'bob', password: 'secret' });
      expect(waits).to.have.length(3);
    });

    it('slow users that do not exist alike', async () => {
      write(`ann:${hash}`);
      const users = await open();
      for (let attempt = 0; attempt < 2; attempt++) await users.verify({ user: 'nobody', password: 'wrong' });
      expect(waits).to.deep.equal([250]);
    });

    it('slow whoever comes from the same address, unless all do', async () => {
      write(`ann:${hash}`);
      const users = await open();
      await users.verify({ user: 'a', password: 'wrong', source: '192.0.2.1:5000' });
      await users.verify({ user: 'b', password: 'wrong', source: '192.0.2.1:5001' });
      expect(waits).to.deep.equal([250]);
      await users.verify({ user: 'c', password: 'wrong', source: '127.0.0.1:5000' });
      await users.verify({ user: 'd', password: 'wrong', source: '[::1]:5000' });
      await users.verify({ user: 'e', password: 'wrong', source: '127.0.0.1' });
      expect(waits).to.deep.equal([250]);
    });

    it('are not looked at when they would wait too long', async () => {
      write(`ann:${hash}`);
      const users = await open();
      for (let attempt = 0; attempt < 4; attempt++) await users.verify({ user: 'ann', password: 'wrong' });
      const frozen = clock;
      const atOnce = await Promise.all(
        Array.from({ length: 8 }, () => {
          clock = frozen;
          return users.verify({ user: 'ann', password: 'secret' });
        }),
      );
      expect(atOnce.filter(({ wrong }) => wrong?.startsWith('too many'))).to.have.length(4);
      expect(Math.max(...waits)).to.be.at.most(8000);
    });

    it('do not slow a password that was right before', async () => {
      write(`ann:${hash}`);
      const users = await open();
      await users.verify({ user: 'ann', password: 'secret' });
      for (let attempt = 0; attempt < 3; attempt++) await users.verify({ user: 'ann', password: 'wrong' });
      const before = waits.length;
      expect((await users.verify({ user: 'ann', password: 'secret' })).user?.user).to.equal('ann');
      expect(waits).to.have.length(before);
    });
  });

  describe('reload', () => {
    it('takes what is new, also for a password that was right before', async () => {
      write(`ann:${hash}`);
      const users = await open();
      await users.verify({ user: 'ann', password: 'secret' });
      write(`ann:${await hashPassword('changed')}:ops`);
      await users.reload();
      expect((await users.verify({ user: 'ann', password: 'secret' })).wrong).to.equal('wrong password');
      expect((await users.verify({ user: 'ann', password: 'changed' })).user?.groups).to.deep.equal(['ops']);
    });

    it('keeps what it had where the file is wrong', async () => {
      write(`ann:${hash}`);
      const users = await open();
      write('ann');
      await rejects(users.reload(), `${path}:1:4: `);
      expect((await users.verify({ user: 'ann', password: 'secret' })).user?.user).to.equal('ann');
    });
  });

  describe('the file', () => {
    it('is refused with the place of every mistake, without quoting a hash', async () => {
      write(`ann:${hash}`, 'bob', 'eve:hunter2', '@x:y', `ann:${hash}`, `kim:${hash}:a b`, 'joe:::short', `f:${hash}:::`);
      const { message } = await rejects(open(), '');
      expect(message.split('\n').map((line) => line.slice(path.length + 1).split(':').slice(0, 2).join(':'))).to.deep.equal(['2:4', '3:5', '4:1', '5:1', `6:${6 + hash.length}`, '7:7', `8:${5 + hash.length}`]);
      expect(message).not.to.contain('hunter2');
    });

    it('is refused where others can read or change it, naming the chmod', async () => {
      write(`ann:${hash}`);
      for (const mode of [0o640, 0o604, 0o620]) {
        chmodSync(path, mode);
        await rejects(open(), `${path}:1:1: others can read or change this file of users (mode ${mode.toString(8)}); run \`chmod 600 ${path}\``);
      }
    });

    it('is asked for with the command that makes it', async () => {
      await rejects(open(), `\`lstp passwd ${path} USER\``);
    });
  });

  describe('a user that is written', () => {
    it('makes the file, its owner’s alone', async () => {
      expect(await writeUser(path, 'ann', { hash, groups: ['ops'] })).to.equal('added');
      expect(readFileSync(path, 'utf8')).to.equal(`ann:${hash}:ops\n`);
      expect(statSync(path).mode & 0o777).to.equal(0o600);
    });

    it('replaces its own line, with what is not said kept, and no other', async () => {
      const other = formatScryptHash({ ...(parseScryptHash(hash) as ScryptHash), salt: Buffer.alloc(16) });
      write('# ann:not this', `ann:${hash}:ops`, `bob:${hash}`);
      expect(await writeUser(path, 'ann', { totp: Buffer.from('12345678901234567890') })).to.equal('changed');
      await writeUser(path, 'bob', { hash: other });
      expect(readFileSync(path, 'utf8')).to.equal(`# ann:not this\nann:${hash}:ops:${SECRET}\nbob:${other}\n`);
      expect(readdirSync(folder)).to.deep.equal(['users.txt']);
    });

    it('changes the file behind a link', async () => {
      write(`ann:${hash}`);
      symlinkSync(path, join(folder, 'link'));
      await writeUser(join(folder, 'link'), 'bob', { hash });
      expect(readFileSync(path, 'utf8')).to.contain('bob:');
    });

    it('changes nothing in a file with a mistake, or one that another is changing', async () => {
      write('bob');
      await rejects(writeUser(path, 'ann', { hash }), `${path}:1:4: `);
      write(`bob:${hash}`);
      writeFileSync(`${path}.new`, '');
      const error: unknown = await writeUser(path, 'ann', { hash }).catch((thrown: unknown) => thrown);
      expect(error).to.have.property('code', 'ERR_LSTP_USERS_FILE');
      expect(readFileSync(path, 'utf8')).to.equal(`bob:${hash}\n`);
    });
  });
});

async function rejects(action: Promise<unknown>, words: string): Promise<ConfigError> {
  const error: unknown = await action.then(() => undefined, (thrown: unknown) => thrown);
  expect(error).to.be.instanceOf(ConfigError);
  expect((error as ConfigError).message).to.contain(words);
  return error as ConfigError;
}
