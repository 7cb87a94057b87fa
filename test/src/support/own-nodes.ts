/** A chain whose nodes run in this process as `lstp up --as NODE` makes each: addresses and egress as written, keys of files. */
import { createLogger } from '@lstp/core/observe';
import { createKeyFile, keyFilePath, publicKeyOf } from '@lstp/core/security';
import { composeNode, planOne, type ComposedNode } from 'lstp/node';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';

export interface OwnNodesOptions {
  /** What each node has beside its key, in YAML's flow style: `listen: "127.0.0.1:7070"`. */
  readonly nodes: Readonly<Record<string, string>>;
  readonly route: string;
  /** Lines of services. */
  readonly services?: readonly string[];
}

export interface OwnNodes {
  readonly nodes: ReadonlyMap<string, ComposedNode>;
  /** What all of them logged so far. */
  log(): string;
  start(): Promise<void>;
  established(): Promise<void>;
  stop(): Promise<void>;
}

export async function makeOwnNodes(folder: string, { nodes, route, services = [] }: OwnNodesOptions): Promise<OwnNodes> {
  const keys = join(folder, 'keys');
  const lines = Object.entries(nodes).map(([name, members]) => `  ${name}: { key: "${publicKeyOf(createKeyFile(keyFilePath(keys, name)))}"${members === '' ? '' : `, ${members}`} }`);
  const file = join(folder, 'chain.yaml');
  writeFileSync(file, ['lstp: 1', 'nodes:', ...lines, 'tunnels:', '  acme:', `    route: ${route}`, '    services:', ...services.map((line) => `      ${line}`), ''].join('\n'));
  let text = '';
  const stream = new Writable({ write: (chunk: Buffer, _encoding, done) => done(void (text += chunk.toString())) });
  const logger = await createLogger({ level: 'info', format: 'json', destination: stream });
  const made = new Map<string, ComposedNode>();
  for (const name of Object.keys(nodes)) {
    const { identity, chains } = await planOne([file], { as: name, keys }, logger);
    made.set(name, await composeNode({ node: name, identity, chains, logger: logger.child({ node: name }) }));
  }
  const all = (act: (node: ComposedNode) => Promise<void>): Promise<void> => Promise.all([...made.values()].map(act)).then(() => {});
  return { nodes: made, log: () => text, start: () => all((node) => node.start()), established: () => all((node) => node.established()), stop: () => all((node) => node.stop()) };
}
