/** What an lstp middle does with two paired legs, without the set-up: the pass-through of @lstp/middle in a process of its own. */
import { fileURLToPath } from 'node:url';
import { untilEchoes, type Adapter } from './adapter.js';

const PROGRAM = fileURLToPath(new URL('../programs/pass-through.js', import.meta.url));

export const lstpPassThrough: Adapter = {
  name: 'lstp',
  packages: [],
  encrypted: false,
  async start({ scope, target }) {
    const child = scope.start({ name: 'pass-through', file: process.execPath, args: [PROGRAM, `${target}`] });
    const entrance = Number(await child.untilSays(/listens on (\d+)/));
    await untilEchoes(entrance, [child]);
    return { entrance, pids: { relay: [child.pid] } };
  },
};
