import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkPortFree, freePorts } from '@lstp/core';
import { createLogger, type LogFormat, type LogLevel } from '@lstp/core/observe';
import { ManagedNode } from '../node/managed-node.js';
import { planAll } from '../node/plan.js';
import { runNodes } from '../node/run-nodes.js';
import { shellWord } from '../shell-word.js';
import { makeStarterKeys } from '../starter/make-keys.js';
import { table } from '../text/table.js';
import { trialChainText } from '../trial/chain-text.js';
import { startDemoServer, type DemoServer } from '../trial/demo-server.js';

export interface TrialOptions {
  readonly port: number;
  readonly logLevel: LogLevel;
  readonly logFormat?: LogFormat;
}

const DRAIN_MS = 2000;

/** `lstp trial`: a chain of four nodes and a server behind it, in this process and a temporary folder; all gone at the end. */
export async function trial(options: TrialOptions): Promise<number> {
  if (options.port !== 0) await checkFree(options.port);
  const folder = mkdtempSync(join(tmpdir(), 'lstp-trial-'));
  const demo = await startDemoServer();
  try {
    return await runTrial(folder, demo, options);
  } finally {
    await demo.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function runTrial(folder: string, demo: DemoServer, options: TrialOptions): Promise<number> {
  const begin = performance.now();
  const [front = 0, west = 0, east = 0] = await freePorts(3);
  const port = options.port === 0 ? front : options.port;
  const [file, keys] = [join(folder, 'chain.yaml'), join(folder, 'keys')];
  writeFileSync(file, trialChainText(makeStarterKeys(keys), { front: port, west, east, demo: demo.port }));
  const logger = await createLogger({ level: options.logLevel, ...(options.logFormat === undefined ? {} : { format: options.logFormat }) });
  const nodes = await Promise.all((await planAll([file], { keys }, logger)).map((plan) => ManagedNode.make(plan)));
  process.stdout.write(OPENING);
  return runNodes(nodes, {
    logger,
    drainMs: DRAIN_MS,
    onReady: () => process.stdout.write(`Listening: west on port ${west}, east on port ${east}, a SOCKS server for you on 127.0.0.1:${port}. Now the tunnel ...\n`),
    onEstablished: () => process.stdout.write(whatToType({ file, port, demo: demo.port, tookMs: performance.now() - begin })),
  });
}

const OPENING = `
  globex                       the Internet                       acme

  you --> desk --> |firewall| --> west --> east <-- |firewall| <-- lab --> intranet

Four nodes on this machine, everything on loopback. Both ends dial out; nothing dials in.

`;

function whatToType({ file, port, demo, tookMs }: { file: string; port: number; demo: number; tookMs: number }): string {
  // Started by npm, the command may not be in the PATH.
  const lstp = process.env['npm_lifecycle_event'] === undefined ? 'lstp' : 'npx lstp';
  const [curl, site] = [`curl ${withoutExceptions()}-x socks5h://127.0.0.1:${port}`, `http://127.0.0.1:${demo}`];
  const lines = [
    [`${curl} ${site}/`, 'the page of the intranet, through the tunnel'],
    [`${curl} -o /dev/null ${site}/bytes/1000000000`, 'how fast it is'],
    [`${curl} http://127.0.0.1:22/`, 'what lab does not allow is refused, there'],
    [`${lstp} status --as desk`, 'which way it goes, and who is verified'],
    [`${lstp} status --as west`, 'what a relay in between sees'],
    [`${lstp} map ${shellWord(file)}`, 'the one file that describes it, drawn'],
  ];
  return `lstp: all ready\nThe tunnel stands, ${(tookMs / 1000).toFixed(1)} s after the start. In another terminal, type:\n\n${table(lines.map(([command = '', what = '']) => [command, `# ${what}`]), '  ')}\n\nCtrl-C ends it and leaves nothing behind.\n`;
}

/** Where loopback is an exception from proxies, curl would go to the page directly. */
function withoutExceptions(): string {
  const { no_proxy: lower = '', NO_PROXY: upper = '' } = process.env;
  return lower === '' && upper === '' ? '' : '--noproxy "" ';
}

/** Rejects with a message that names the remedy when `port` is taken or not ours to take. */
async function checkFree(port: number): Promise<void> {
  try {
    await checkPortFree(port);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const what = code === 'EADDRINUSE' ? 'another program listens there' : code === 'EACCES' ? 'this user may not listen there' : message;
    const other = `--port ${port === 8081 ? 8082 : 8081}`;
    const command = process.env['npm_lifecycle_event'] === 'start' ? `npm start -- ${other}` : `lstp trial ${other}`;
    throw Object.assign(new Error(`127.0.0.1:${port}: ${what}; choose another port: \`${command}\``), { code: 'ERR_LSTP_ADDRESS_IN_USE' });
  }
}
