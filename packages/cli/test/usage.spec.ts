import { expect } from 'chai';
import { makeProgram } from '../src/program.js';
import { BIN, Workplace } from './support/lstp.js';

describe('lstp: usage', function () {
  this.timeout(30_000);
  const place = new Workplace();
  after(() => place.remove());

  for (const command of makeProgram(() => {}).commands) {
    it(`shows an example for ${command.name()}`, async () => {
      const { status, stdout } = await place.run([command.name(), '--help']);
      expect(status).to.equal(0);
      expect(stdout).to.match(new RegExp(`Example:\\n(  .+\\n)*  .*lstp ${command.name()}\\b`));
    });
  }

  const wrong: [string, string[], RegExp][] = [
    ['a misspelt command', ['chekc', 'x.yaml'], /unknown command 'chekc'\s+\(Did you mean check\?\)/],
    ['a misspelt option', ['check', '--no-plugin', 'x.yaml'], /--no-plugins\?/],
    ['a missing argument', ['check'], /missing required argument 'file'[^]*lstp check --help/],
    ['one argument too many', ['keygen', 'desk', 'lab'], /too many arguments/],
    ['a missing --as', ['connect', 'chain.yaml', 'ssh'], /--as <node>/],
    ['seconds that are none', ['status', '--wait', 'long'], /'long' is invalid/],
    ['no command', [], /Usage: lstp/],
  ];
  for (const [what, args, answer] of wrong) {
    it(`answers ${what} with status 2 on stderr`, async () => {
      const { status, stdout, stderr } = await place.run(args);
      expect(stderr).to.match(answer);
      expect([status, stdout]).to.deep.equal([2, '']);
    });
  }

  it('shows examples that work when they are pasted', async () => {
    const bin = `lstp() { "${process.execPath}" "${BIN}" "$@"; }`;
    for (const command of ['init', 'keygen', 'check', 'map', 'plugins', 'plugin']) {
      const fresh = new Workplace();
      try {
        const { stdout } = await fresh.run([command, '--help']);
        const [, lines = ''] = /Example:\n((?: {2}.+\n)+)/.exec(stdout) ?? [];
        const { status, stderr } = await fresh.spawn('bash', ['-ec', `${bin}\n${lines}`]).ended;
        expect([status, stderr], command).to.deep.equal([0, '']);
      } finally {
        await fresh.remove();
      }
    }
  });

  it('names the file that cannot even be looked at, with its place, status 1', async () => {
    const name = `${'x'.repeat(300)}.yaml`;
    const { status, stderr } = await place.run(['check', name]);
    expect([status, stderr]).to.deep.equal([1, `${name}:1:1: the file cannot be read (ENAMETOOLONG)\n`]);
  });

  it('tells its version', async () => {
    expect((await place.run(['--version'])).stdout).to.match(/^\d+\.\d+\.\d+\n$/);
  });
});
