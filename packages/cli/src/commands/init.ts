import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { keyFilePath } from '@lstp/core/security';
import { shellWord } from '../shell-word.js';
import { STARTER_NODES, starterChain } from '../starter/chain-text.js';
import { makeStarterKeys } from '../starter/make-keys.js';

/** `lstp init`: makes FOLDER/chain.yaml and FOLDER/keys, and says what to do next. Touches nothing that is there. */
export async function init(folder: string): Promise<void> {
  const file = join(folder, 'chain.yaml');
  const keys = join(folder, 'keys');
  const taken = [file, ...STARTER_NODES.map((node) => keyFilePath(keys, node))].find((path) => existsSync(path));
  if (taken !== undefined) throw Object.assign(new Error(`${taken} exists already, and nothing is overwritten; give another folder`), { code: 'ERR_LSTP_INIT_EXISTS' });
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, starterChain(makeStarterKeys(keys)), { flag: 'wx' });
  process.stdout.write(nextSteps(shellWord(file), shellWord(keys)));
}

function nextSteps(file: string, keys: string): string {
  return `Made ${file} and, in ${keys}, a key for each of ${STARTER_NODES.join(', ')}.

Try it on this machine, all four nodes in one process:
  lstp up ${file} --all --keys ${keys} --direct
  lstp status --as desk                       (in another terminal)

Make it yours:
  1. Edit ${file}. Every host that ends in ".example" is a placeholder.
  2. lstp check ${file}     says what is wrong, with line and column
     lstp map ${file}       draws it
  3. Copy the file to all four machines, and to each machine its own key alone, as
     ~/.config/lstp/keys/NODE.key. Better still: run \`lstp keygen NODE\` there, and put what
     it prints into the file; then no private key ever travels.
  4. On each machine, in any order:
     lstp up chain.yaml --as NODE
`;
}
