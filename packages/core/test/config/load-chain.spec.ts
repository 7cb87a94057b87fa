import { expect } from 'chai';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ConfigError, loadChain, PluginCatalogue, type LoadedChain } from '../../src/index.js';
import { SAMPLE_PLUGINS } from './sample-plugins.js';

const PLUGIN = "export default { name: 'mine', api: 1, about: 'Mine.', frontEnd: class { start() {} stop() {} } };";

describe('loadChain', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'lstp-load-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function put(name: string, content: string | Buffer): string {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    return path;
  }

  function chainWith(plugins: string, service = 'plugin: mine, '): string {
    return put('chain.yaml', `lstp: 1\nnodes: { a: {}, b: { listen: "127.0.0.1:1" } }\nplugins: [${plugins}]\ntunnels: { t: { route: a > b, services: { s: { ${service}at: a } } } }\n`);
  }

  function load(file: string, options: { loadPlugins?: boolean } = {}): Promise<LoadedChain> {
    return loadChain(file, { bundled: SAMPLE_PLUGINS, ...options });
  }

  async function faultOf(file: string, options: { loadPlugins?: boolean } = {}): Promise<string> {
    const error = await load(file, options).catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(ConfigError);
    return (error as ConfigError).message.replaceAll(folder, 'DIR');
  }

  it('loads modules by path from the folder of the file', async () => {
    put('lib/mine.mjs', PLUGIN);
    const { chain, catalogue } = await load(chainWith('./lib/mine.mjs'));
    expect(catalogue.names()).to.include('mine').and.include('forward');
    expect(chain.plugins).to.deep.equal(['./lib/mine.mjs']);
  });

  it('loads modules by package name from the folder of the file', async () => {
    put('node_modules/lstp-plugin-mine/package.json', '{"name":"lstp-plugin-mine","main":"index.mjs"}');
    put('node_modules/lstp-plugin-mine/index.mjs', PLUGIN);
    const { catalogue } = await load(chainWith('lstp-plugin-mine'));
    expect(catalogue.names()).to.include('mine');
  });

  it('runs no plugin code when told so, and accepts services it cannot check', async () => {
    put('bad.mjs', "throw new Error('was run')");
    const { chain } = await load(chainWith('./bad.mjs', 'plugin: mine, colour: red, '), { loadPlugins: false });
    expect(chain.tunnels.get('t')?.services.get('s')?.options).to.deep.equal({ colour: 'red' });
  });

  it('still checks bundled plugins then, and unknown ones where the file brings none', async () => {
    expect(await faultOf(chainWith('./x.mjs', 'plugin: x11, dsplay: 1, '), { loadPlugins: false })).to.contain('unknown key "dsplay"; did you mean "display"?');
    const file = put('chain.yaml', 'lstp: 1\nnodes: { a: {}, b: { listen: "127.0.0.1:1" } }\ntunnels: { t: { route: a > b, services: { s: { plugin: mine, at: a } } } }\n');
    expect(await faultOf(file, { loadPlugins: false })).to.contain('no plugin is named "mine"');
  });

  it('names every module that cannot be used, at its place', async () => {
    put('throws.mjs', "throw new Error('boom')");
    put('no-default.mjs', 'export const x = 1;');
    put('old.mjs', PLUGIN.replace('api: 1', 'api: 0'));
    put('options.mjs', PLUGIN.replace('frontEnd', 'options: { to: 1 }, frontEnd'));
    put('role.mjs', PLUGIN.replace(/frontEnd: .*/, 'colour: 1 };'));
    put('shape.mjs', PLUGIN.replace('frontEnd', 'backEnd'));
    put('taken.mjs', PLUGIN.replace("'mine'", "'forward'"));
    const lines = (await faultOf(chainWith('./absent.mjs, absent-package, ./throws.mjs, ./no-default.mjs, ./old.mjs, ./options.mjs, ./role.mjs, ./shape.mjs, ./taken.mjs', ''))).split('\n');
    const faults = [
      'DIR/chain.yaml:3:11: the plugin module "./absent.mjs" (or a module it imports) is not there; paths begin at the folder of the chain file',
      'DIR/chain.yaml:3:25: the plugin module "absent-package" (or a module it imports) is not there; install it beside the chain file, or write "./absent-package" for a file',
      'DIR/chain.yaml:3:41: the plugin module "./throws.mjs" cannot be loaded: boom',
      'DIR/chain.yaml:3:55: "./no-default.mjs": its default export is no plugin',
      'DIR/chain.yaml:3:73: "./old.mjs": it is made for version 0 of the plugin contract; this lstp has version 1',
      'DIR/chain.yaml:3:84: "./options.mjs": its "options" are no zod 4 schema',
      'DIR/chain.yaml:3:99: "./role.mjs": it has no role',
      'DIR/chain.yaml:3:111: "./shape.mjs": its "backEnd", class backEnd, has no method connect() or connectDatagrams() or listen()',
      'DIR/chain.yaml:3:124: "./taken.mjs" brings a plugin "forward", and there is one of that name already',
    ];
    faults.forEach((fault, index) => expect(lines[index]).to.contain(fault));
    expect(lines[faults.length]).to.contain('4:43: "s" has no "to"');
  });

  it('gives up a module that never comes to an end, and takes the others', async () => {
    put('hangs.mjs', 'await new Promise(() => {});');
    put('mine.mjs', PLUGIN);
    const { catalogue, faults } = await new PluginCatalogue([]).withModules(['./hangs.mjs', './mine.mjs'], folder, { timeoutMs: 20 });
    expect(faults).to.deep.equal([{ index: 0, message: 'the plugin module "./hangs.mjs" cannot be loaded: it was not imported within 0.02 s; what takes its time belongs into start()' }]);
    expect(catalogue.names()).to.deep.equal(['mine']);
  });

  it('refuses options whose schema fails, at the place of the service', async () => {
    const zod = JSON.stringify(import.meta.resolve('zod'));
    put('fails.mjs', `import { z } from ${zod};\n${PLUGIN.replace('frontEnd', "options: z.strictObject({}).refine(() => { throw new Error('boom'); }), frontEnd")}`);
    put('async.mjs', `import { z } from ${zod};\n${PLUGIN.replace('frontEnd', 'options: z.strictObject({}).refine(async () => true), frontEnd')}`);
    for (const file of ['fails', 'async']) expect(await faultOf(chainWith(`./${file}.mjs`))).to.match(/^DIR\/chain\.yaml:4:\d+: the plugin fails to check its options: ./);
  });

  it('says what is wrong with a file that cannot be read', async () => {
    expect(await faultOf(join(folder, 'absent.yaml'))).to.equal('DIR/absent.yaml:1:1: there is no such file; `lstp init DIR` makes one to begin with');
    expect(await faultOf(folder)).to.equal('DIR:1:1: this is a folder; name the chain file in it');
    expect(await faultOf(put('big.yaml', Buffer.alloc(1_048_577, ' ')))).to.contain('1048577 bytes are too many for a chain file');
    expect(await faultOf(put('wide.yaml', Buffer.from('\ufefflstp: 1\n', 'utf16le')))).to.contain('UTF-16');
    expect(await faultOf(put('latin.yaml', Buffer.from('lstp: 1\n# caf\xe9\n', 'latin1')))).to.contain('latin.yaml:2:6: not UTF-8 from here on');
  });
});
