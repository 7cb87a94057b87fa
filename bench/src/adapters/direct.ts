/** No chain at all: what the machine and the traffic programs can do. */
import type { Adapter } from './adapter.js';

export const direct: Adapter = {
  name: 'direct',
  packages: [],
  encrypted: false,
  start: async ({ target }) => ({ entrance: target, pids: {} }),
};
