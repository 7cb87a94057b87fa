import { expect } from 'chai';
import { PassThrough } from 'node:stream';
import { createLogger, redactUrls, type LogFormat, type LogLevel } from '../../src/observe/index.js';

describe('observe/logger', () => {
  it('writes one JSON object a line, with the level as a word and the time in ISO form', async () => {
    const [line] = await logged({}, (logger) => logger.child({ node: 'desk' }).info({ tunnel: 't' }, 'up'));
    expect(JSON.parse(line ?? '')).to.include({ level: 'info', node: 'desk', tunnel: 't', msg: 'up' });
    expect(JSON.parse(line ?? '').time).to.match(/^\d{4}-\d\d-\d\dT/);
  });

  it('leaves out what is below the level', async () => {
    const lines = await logged({ level: 'warn' }, (logger) => {
      logger.info('no');
      logger.warn('yes');
    });
    expect(lines).to.have.length(1);
  });

  it('takes secrets out by their field, also one level down', async () => {
    const [line] = await logged({}, (logger) => logger.info({ password: 'p4ss', proxy: { password: 'p4ss', host: 'fw' } }, 'egress'));
    expect(line).to.contain('"host":"fw"').and.not.contain('p4ss');
  });

  for (const format of ['json', 'pretty'] as const) {
    it(`takes user and password out of every URL, in messages, fields and errors (${format})`, async () => {
      const lines = await logged({ format }, (logger) => {
        logger.info({ egress: 'socks5://me:p4ss@fw:1080' }, 'through http://me:p4ss@fw:3128');
        logger.error({ err: new Error('https://p4ss@fw/ failed') }, 'no');
      });
      expect(lines.join('\n')).to.contain('socks5://***@fw:1080').and.not.contain('p4ss');
    });
  }

  it('writes pretty lines that name the node', async () => {
    const [line] = await logged({ format: 'pretty' }, (logger) => logger.child({ node: 'desk' }).info({ tunnel: 't' }, 'up'));
    expect(line).to.match(/INFO.*desk: up.*"tunnel":"t"/);
  });

  it('redacts userinfo whatever it contains', () => {
    expect(redactUrls('a socks5://u:p@ss@h:1 b http://h/p?q=a@b ssh://x@h')).to.equal('a socks5://***@h:1 b http://h/p?q=a@b ssh://***@h');
    expect(redactUrls('mail me@example.org, ratio 1:2@3')).to.equal('mail me@example.org, ratio 1:2@3');
  });
});

type Logger = Awaited<ReturnType<typeof createLogger>>;

async function logged({ level, format = 'json' }: { level?: LogLevel; format?: LogFormat }, log: (logger: Logger) => void): Promise<string[]> {
  const destination = new PassThrough();
  let text = '';
  destination.on('data', (chunk: Buffer) => (text += chunk.toString()));
  log(await createLogger({ format, destination, ...(level === undefined ? {} : { level }) }));
  await new Promise((resolve) => destination.end(resolve));
  return text.split('\n').filter((line) => line !== '');
}
