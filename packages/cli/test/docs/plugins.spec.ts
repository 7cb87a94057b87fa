/** docs/plugins.md: whatever it shows runs, in a folder that has lstp installed and nothing else. */
import { expect } from 'chai';
import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as contract from 'lstp/plugin';
import { readDocument, sectionRows } from '../support/documents.js';
import { BIN, Workplace } from '../support/lstp.js';

const PAGE = readDocument('docs/plugins.md');
const ROOT = fileURLToPath(new URL('../../../../../', import.meta.url));
const MODULES = join(ROOT, 'node_modules');
const STRICT = ['--ignoreConfig', '--noEmit', '--allowJs', '--checkJs', '--strict', '--module', 'nodenext', '--moduleResolution', 'nodenext', '--target', 'es2022', '--skipLibCheck', '--types', 'node', '--typeRoots', join(MODULES, '@types')];

describe('docs/plugins.md', function () {
  this.timeout(120_000);
  const place = new Workplace();
  const blocks = (language: string): string[] => [...PAGE.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(([, text = '']) => text);
  const files = ['js', 'ts'].flatMap(blocks).map((text) => ({ file: /^\/\/ (\S+)\n/.exec(text)?.[1] ?? '', text }));

  before(() => {
    symlinkSync(MODULES, join(place.folder, 'node_modules'));
    writeFileSync(join(place.folder, 'package.json'), '{ "type": "module" }');
    for (const { file, text } of files) writeFileSync(join(place.folder, file), text);
  });
  after(() => place.remove());

  it('says the file name of each of its programs', () => {
    expect(files.map(({ file }) => file)).to.include.members(['hello.js', 'hello.test.js']).and.not.include('');
  });

  it('has programs whose types are right', async () => {
    const names = files.map(({ file }) => file).filter((file) => !file.includes('.test.'));
    const { status, stdout } = await place.spawn(join(MODULES, '.bin/tsc'), [...STRICT, '--noImplicitAny', 'false', '--useUnknownInCatchVariables', 'false', '--strictPropertyInitialization', 'false', '--experimentalDecorators', '--emitDecoratorMetadata', ...names]).ended;
    expect([status, stdout]).to.deep.equal([0, '']);
  });

  it('has tests that pass', async () => {
    const { status, stdout } = await place.spawn(process.execPath, ['--test', 'hello.test.js']).ended;
    expect(status, stdout).to.equal(0);
  });

  it('has a chain file that is right, and greets', async () => {
    const [text = '', ...others] = blocks('yaml');
    expect(others).to.deep.equal([]);
    writeFileSync(join(place.folder, 'chain.yaml'), text);
    expect(await place.run(['check', 'chain.yaml'])).to.deep.include({ status: 0, stdout: '', stderr: '' });
  });

  it('has commands that work when they are typed', async () => {
    const [commands = ''] = blocks('sh');
    const given = `lstp() { "${process.execPath}" "${BIN}" "$@"; }; npm() { if [ "$1" = install ]; then ln -s "${MODULES}" node_modules; else command npm "$@"; fi; }`;
    const { status, stdout, stderr } = await place.spawn('bash', ['-ec', `${given}\n${commands}`]).ended;
    expect(status, `${stdout}${stderr}`).to.equal(0);
    expect(stdout).to.contain('gopher-tally');
  });

  it('lists every role, and every token', () => {
    const definition = readDocument('packages/core/src/plugin/contract.ts');
    const roles = [...definition.matchAll(/^ {2}readonly (\w+)\?: Constructor</gm)].map(([, role]) => role);
    expect(sectionRows(PAGE, 'Roles').map(([role]) => role)).to.have.members(roles);
    const tokens = Object.entries(contract).flatMap(([name, value]) => (typeof value === 'symbol' ? [name] : []));
    expect(sectionRows(PAGE, 'What a constructor may ask for').map(([token]) => token)).to.have.members(tokens);
  });

  it('shows an example whose types are right', async () => {
    const { status, stdout } = await place.spawn(join(MODULES, '.bin/tsc'), [...STRICT, ...['index.js', 'tally.js', 'plugin.test.js'].map((file) => join(ROOT, 'examples/plugin', file))]).ended;
    expect([status, stdout]).to.deep.equal([0, '']);
  });
});
