/** Lines over time as an SVG that needs nothing but a viewer: one panel a unit. */
export interface Line {
  readonly name: string;
  readonly color: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface Panel {
  readonly title: string;
  readonly lines: readonly Line[];
}

const WIDTH = 860;
const PANEL = { left: 60, right: 20, top: 34, height: 150, gap: 26 } as const;
const STYLE = 'text{font:12px sans-serif;fill:#444}.title{font-weight:bold}.axis{stroke:#bbb}.line{fill:none;stroke-width:1.6}';

export function renderPlot({ xTitle, panels }: { readonly xTitle: string; readonly panels: readonly Panel[] }): string {
  const step = PANEL.top + PANEL.height + PANEL.gap;
  const height = step * panels.length + 20;
  const mostX = Math.max(1e-9, ...panels.flatMap(({ lines }) => lines.flatMap(({ points }) => points.map(([x]) => x))));
  const body = panels.map((panel, index) => renderPanel(panel, { y: step * index, mostX }));
  const title = `<text x="${WIDTH / 2}" y="${height - 6}" text-anchor="middle">${xTitle}</text>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}"><style>${STYLE}</style><rect width="100%" height="100%" fill="#fff"/>\n${[...body, title].join('\n')}\n</svg>\n`;
}

function renderPanel({ title, lines }: Panel, { y, mostX }: { readonly y: number; readonly mostX: number }): string {
  const bottom = y + PANEL.top + PANEL.height;
  const right = WIDTH - PANEL.right;
  const mostY = niceAbove(Math.max(1, ...lines.flatMap(({ points }) => points.map(([, value]) => value))));
  const at = ([x, value]: readonly [number, number]): string => `${(PANEL.left + (x / mostX) * (right - PANEL.left)).toFixed(1)},${(bottom - (value / mostY) * PANEL.height).toFixed(1)}`;
  const ticks = [0, 0.5, 1].map((share) => {
    const tickY = bottom - share * PANEL.height;
    return `<line class="axis" x1="${PANEL.left}" x2="${right}" y1="${tickY}" y2="${tickY}"/><text x="${PANEL.left - 6}" y="${tickY + 4}" text-anchor="end">${share * mostY}</text>`;
  });
  const names = lines.map(({ name, color }, index) => `<text x="${right - 90 * (lines.length - index)}" y="${y + 22}" style="fill:${color}">${name}</text>`);
  const drawn = lines.map(({ color, points }) => `<polyline class="line" stroke="${color}" points="${points.map(at).join(' ')}"/>`);
  const xTicks = [0, 0.5, 1].map((share) => `<text x="${PANEL.left + share * (right - PANEL.left)}" y="${bottom + 15}" text-anchor="middle">${Number((share * mostX).toFixed(1))}</text>`);
  return [`<text class="title" x="${PANEL.left}" y="${y + 22}">${title}</text>`, ...ticks, ...xTicks, ...names, ...drawn].join('\n');
}

/** 1, 2 or 5 times a power of ten. */
function niceAbove(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 5, 10].find((factor) => factor * power >= value) ?? 10) * power;
}
