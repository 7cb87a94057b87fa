import { expect } from 'chai';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, hasReference, loadChain, parseProxyUrl, resolveSecrets, type ServiceAddress } from '../../src/index.js';
import { SAMPLE_PLUGINS } from './sample-plugins.js';

const env = { NAME: 'value', OTHER: 'x${env:NAME}' };

describe('resolveSecrets', () => {
  it('fills in variables, several in one text', () => expect(resolveSecrets('a-${env:NAME}-${env:NAME}', { env })).to.equal('a-value-value'));

  it('fills in nothing that a value says', () => expect(resolveSecrets('${env:OTHER}', { env })).to.equal('x${env:NAME}'));

  it('keeps a ${ that a URL has in its coded form a literal one', () => {
    expect(parseProxyUrl('http://ann:a$%7Benv:NAME%7D@fw:3128').password).to.equal('a$${env:NAME}');
  });
  it('takes $${ for a literal ${', () => expect(resolveSecrets('$${env:NAME} ${env:NAME}', { env })).to.equal('${env:NAME} value'));

  it('names the variable that is missing', () => expect(() => resolveSecrets('${env:ABSENT}', { env })).to.throw('${env:ABSENT}: the environment variable ABSENT is not set'));

  it('refuses what is no reference', () => {
    expect(() => resolveSecrets('${NAME}', { env })).to.throw('${NAME} is no reference; write ${env:NAME}');
    expect(() => resolveSecrets('${env:NAME', { env })).to.throw('is not closed');
    expect(() => resolveSecrets('${env:A B}', { env })).to.throw('names no variable');
    expect(() => resolveSecrets('${file:}', { env })).to.throw('names no file');
  });

  it('tells texts with references from others', () => {
    expect(hasReference('${file:/a}')).to.equal(true);
    expect(hasReference('$${file:/a}')).to.equal(false);
    expect(hasReference('plain')).to.equal(false);
  });
});

describe('secrets of a chain file', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'lstp-secret-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
    delete process.env['LSTP_TEST_TO'];
    delete process.env['LSTP_TEST_PROXY'];
  });

  const text = `
lstp: 1
nodes:
  desk: { egress: "socks5://u:\${file:pw}@\${env:LSTP_TEST_PROXY}:1080" }
  lab: { listen: "127.0.0.1:7070", egress: "http://\${env:LSTP_TEST_ABSENT}:3128" }
tunnels:
  t:
    route: desk > lab
    services:
      web: { at: desk, listen: "127.0.0.1:8080", to: "\${env:LSTP_TEST_TO}" }
`;

  function chainFile(content = text): string {
    const file = join(folder, 'chain.yaml');
    writeFileSync(file, content);
    return file;
  }

  it('are not looked up by a check', async () => {
    const { chain } = await loadChain(chainFile(), { bundled: SAMPLE_PLUGINS });
    expect(chain.tunnels.get('t')?.services.get('web')?.options).to.deep.include({ to: { kind: 'tcp', host: '${env:LSTP_TEST_TO}', port: 0 } });
    expect(chain.nodes.get('desk')?.egress.default[0]?.through[0]).to.deep.include({ host: '${env:LSTP_TEST_PROXY}', password: '${file:pw}' });
  });

  it('are read only on the node that uses them', async () => {
    process.env['LSTP_TEST_PROXY'] = 'fw.example';
    writeFileSync(join(folder, 'pw'), 'se}cr${et@:/\n');
    const { chain } = await loadChain(chainFile(), { bundled: SAMPLE_PLUGINS, secretsFor: { node: 'desk' } });
    const proxy = chain.nodes.get('desk')?.egress.default[0]?.through[0];
    expect(proxy?.host).to.equal('fw.example');
    expect(resolveSecrets(proxy?.password ?? '')).to.equal('se}cr${et@:/');
  });

  it('are filled in before the text is understood', async () => {
    process.env['LSTP_TEST_TO'] = 'unix:/run/web.sock';
    const file = chainFile(text.replace(', egress: "http://${env:LSTP_TEST_ABSENT}:3128"', ''));
    const { chain } = await loadChain(file, { bundled: SAMPLE_PLUGINS, secretsFor: { node: 'lab' } });
    const options = chain.tunnels.get('t')?.services.get('web')?.options as { to: ServiceAddress };
    expect(options.to).to.deep.equal({ kind: 'unix', path: '/run/web.sock' });
  });

  it('are named with their places where they are missing', async () => {
    const file = chainFile();
    const error = await loadChain(file, { bundled: SAMPLE_PLUGINS, secretsFor: 'every-node' }).catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(ConfigError);
    const lines = (error as ConfigError).message.replaceAll(folder, 'DIR').split('\n');
    expect(lines).to.deep.equal([
      'DIR/chain.yaml:4:20: ${file:pw}: DIR/pw cannot be read (ENOENT); put the secret into that file, readable for this node',
      'DIR/chain.yaml:5:45: ${env:LSTP_TEST_ABSENT}: the environment variable LSTP_TEST_ABSENT is not set; set it for this node',
      'DIR/chain.yaml:10:55: ${env:LSTP_TEST_TO}: the environment variable LSTP_TEST_TO is not set; set it for this node',
    ]);
  });

  it('leave literal ${ behind', async () => {
    const file = chainFile(text.replace(', egress: "http://${env:LSTP_TEST_ABSENT}:3128"', '').replace('web: {', () => 'x: { plugin: x11, at: desk, display: 1, to: "$${env:A}" }\n      web: {'));
    process.env['LSTP_TEST_TO'] = 'a:1';
    const { chain } = await loadChain(file, { bundled: SAMPLE_PLUGINS, secretsFor: { node: 'lab' } });
    expect(chain.tunnels.get('t')?.services.get('x')?.options).to.deep.include({ to: '${env:A}' });
  });

  it('are never repeated when they are wrong', async () => {
    process.env['LSTP_TEST_TO'] = 'hunter2 is no address';
    const file = chainFile(text.replace(', egress: "http://${env:LSTP_TEST_ABSENT}:3128"', ''));
    const error = await loadChain(file, { bundled: SAMPLE_PLUGINS, secretsFor: { node: 'lab' } }).catch((thrown: unknown) => thrown);
    expect(String(error)).to.contain('chain.yaml:10:54: to: what "${env:LSTP_TEST_TO}" stands for is not right here').and.not.contain('hunter2');
  });
});
