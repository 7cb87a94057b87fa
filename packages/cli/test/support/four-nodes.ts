/** Two firewalls as users have them: desk > west > east < lab, each a process of its own. */
import { freePorts } from '@lstp/core';
import { createKeyFile, keyFilePath, publicKeyOf } from '@lstp/core/security';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Running, Workplace } from './lstp.js';

export interface FourNodes {
  readonly file: string;
  /** Where applications connect to the service `web`. */
  readonly front: number;
  /** Starts one of them; resolves when it is ready. */
  start(node: 'desk' | 'west' | 'east' | 'lab'): Promise<Running>;
}

/** Services `web` (with a listener at desk) and `connected` (for lstp connect) lead to `target`. */
export async function makeFourNodes(place: Workplace, target: number): Promise<FourNodes> {
  const [front = 0, west, east] = await freePorts(3);
  const keys = Object.fromEntries(['desk', 'west', 'east', 'lab'].map((node) => [node, publicKeyOf(createKeyFile(keyFilePath(join(place.folder, 'keys'), node)))]));
  const file = 'chain.yaml';
  writeFileSync(
    join(place.folder, file),
    `lstp: 1
nodes:
  desk: { key: "${keys['desk']}" }
  west: { key: "${keys['west']}", listen: "127.0.0.1:${west}" }
  east: { key: "${keys['east']}", listen: "127.0.0.1:${east}" }
  lab: { key: "${keys['lab']}" }
tunnels:
  acme-globex:
    route: desk > west > east < lab
    services:
      web: { at: desk, listen: "127.0.0.1:${front}", to: "127.0.0.1:${target}" }
      connected: { at: desk, to: "127.0.0.1:${target}" }
`,
  );
  return {
    file,
    front,
    start: async (node) => {
      const running = place.start(['up', file, '--as', node, '--keys', 'keys']);
      await running.says(new RegExp(`lstp: ${node} ready\\n`));
      return running;
    },
  };
}
