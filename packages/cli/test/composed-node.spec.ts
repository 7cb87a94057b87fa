import { parseChain, PluginCatalogue, type Chain } from '@lstp/core';
import { createLogger } from '@lstp/core/observe';
import { generateIdentity } from '@lstp/core/security';
import { bundledPlugins } from '@lstp/plugins';
import { expect } from 'chai';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { composeNode, type ComposedNode } from '../src/node/index.js';

describe('a node, asked to take over its files', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lstp-node-'));
  const keys = new Map(['desk', 'west', 'lab'].map((node) => [node, generateIdentity()]));
  const catalogue = new PluginCatalogue(bundledPlugins);
  const running: ComposedNode[] = [];
  afterEach(() => Promise.all(running.splice(0).map((node) => node.stop())));
  after(() => rmSync(folder, { recursive: true }));

  function chainOf(tunnels: string, west = 'listen: "127.0.0.1:0", address: "127.0.0.1:1"'): Chain {
    const nodes = [...keys].map(([node, { publicKey }]) => `  ${node}: { key: "${publicKey}"${node === 'west' ? `, ${west}` : ''} }\n`);
    return parseChain(`lstp: 1\nnodes:\n${nodes.join('')}tunnels:\n${tunnels}`, join(folder, 'chain.yaml'), catalogue);
  }

  async function start(chain: Chain): Promise<ComposedNode> {
    const identity = keys.get('west');
    if (identity === undefined) throw new Error('west has no key');
    const node = await composeNode({ node: 'west', identity, chains: [{ chain, catalogue }], logger: await createLogger({ level: 'silent' }) });
    running.push(node);
    await node.start();
    return node;
  }

  const RELAYED = '  acme: { route: desk > west < lab }\n';
  const OWN = '  own: { route: desk > west, services: { p: { plugin: socks, at: west, listen: "127.0.0.1:0", accounts: users.txt } } }\n';

  it('changes nothing where a file beside the chain file is wrong', async () => {
    const users = join(folder, 'users.txt');
    writeFileSync(users, '', { mode: 0o600 });
    const node = await start(chainOf(RELAYED + OWN));
    writeFileSync(users, 'nonsense\n');
    const error: unknown = await node.reload([chainOf(OWN)]).catch((thrown: unknown) => thrown);
    expect(error).to.have.property('message').that.contains('users.txt:1:');
    writeFileSync(users, '');
    expect((await node.reload([chainOf(OWN)])).applied).to.include('relayed tunnel acme removed');
  });

  it('names what only a restart can do', async () => {
    const node = await start(chainOf(RELAYED));
    const chain = chainOf(RELAYED + OWN, 'listen: "127.0.0.2:0", address: "127.0.0.1:1"');
    expect((await node.reload([chain])).ignored).to.deep.equal(['listen of west has changed; it stays as it was until a restart', 'tunnels begin or end at west now; that begins with a restart']);
    const end = await start(chainOf(OWN));
    expect((await end.reload([chainOf(OWN + RELAYED)])).ignored).to.deep.equal(['west is to relay for others; that begins with a restart']);
  });
});
