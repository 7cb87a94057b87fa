import type { Chain } from '@lstp/core';
import { UsageError } from '../exit-status.js';
import { loadChains } from '../load-chains.js';

export interface MapOptions {
  readonly format: 'text' | 'svg' | 'json';
  readonly plugins: boolean;
}

/** `lstp map`: the chain as a picture, on stdout. A folder of several is drawn as text only: the others end where they end. */
export async function map(file: string, { format, plugins }: MapOptions): Promise<void> {
  const draw = await renderer(format);
  const loaded = await loadChains([file], { plugins });
  if (loaded.length > 1 && format !== 'text') throw new UsageError(`${file}: a folder of ${loaded.length} chain files; --format ${format} draws one: name it`);
  process.stdout.write(loaded.map(({ chain }) => draw(chain)).join('\n'));
}

async function renderer(format: MapOptions['format']): Promise<(chain: Chain) => string> {
  if (format === 'svg') return (await import('../map/map-svg.js')).mapSvg;
  if (format === 'json') return (await import('../map/map-json.js')).mapJson;
  return (await import('../map/map-text.js')).mapText;
}
