/** How the map looks: fonts, colours, and what is defined once for all drawings. */

export const SANS = "Inter, 'Segoe UI', 'Helvetica Neue', Arial, 'DejaVu Sans', sans-serif";
export const MONO = "'JetBrains Mono', 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace";

export const COLOUR = {
  ink: '#1e293b',
  quiet: '#64748b',
  line: '#334155',
  end: '#eaf1ff',
  endEdge: '#3b6fd4',
  middle: '#ffffff',
  middleEdge: '#64748b',
  tunnel: '#e6f5ec',
  tunnelInk: '#2f7d4f',
  proxy: '#fff4d6',
  proxyEdge: '#c98a0b',
  brick: '#c8623f',
  mortar: '#f3dcd3',
  entry: '#0f766e',
  entryFill: '#dff4f1',
  target: '#ffffff',
  targetEdge: '#94a3b8',
} as const;

export const BRICK_WIDTH = 18;

/** Monospaced fonts agree on the width of a character, so that texts can be measured without them. */
const MONO_ADVANCE = 0.605;
/** An upper bound of the mean for the sans fonts above. */
const SANS_ADVANCE = 0.64;

export function monoWidth(text: string, size: number): number {
  return cells(text) * size * MONO_ADVANCE;
}

export function sansWidth(text: string, size: number): number {
  return cells(text) * size * SANS_ADVANCE;
}

/** East Asian characters take two. */
function cells(text: string): number {
  let count = 0;
  for (const char of text) count += (char.codePointAt(0) ?? 0) >= 0x1100 ? 2 : 1;
  return count;
}

/** Arrowheads and the brick of firewalls. */
export const DEFINITIONS = [
  '<defs>',
  marker('dials', COLOUR.line),
  marker('reaches', COLOUR.entry),
  `<pattern id="brick" width="${BRICK_WIDTH}" height="14" patternUnits="userSpaceOnUse">`,
  `<rect width="${BRICK_WIDTH}" height="14" fill="${COLOUR.mortar}"/>`,
  `<path d="M0 0.8h8v5.4H0zM9.5 0.8H18v5.4H9.5zM0 7.8h3.2v5.4H0zM4.7 7.8h8.6v5.4H4.7zM14.8 7.8H18v5.4h-3.2z" fill="${COLOUR.brick}"/>`,
  '</pattern>',
  '</defs>',
].join('\n');

function marker(id: string, colour: string): string {
  return `<marker id="${id}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="11" markerHeight="11" markerUnits="userSpaceOnUse" orient="auto-start-reverse"><path d="M0 0.8L10 5L0 9.2L2.2 5z" fill="${colour}"/></marker>`;
}
