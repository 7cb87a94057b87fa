/** An SVG as a list of elements: shapes by coordinates, texts escaped. Coordinates are rounded to a tenth. */

export type Attributes = Readonly<Record<string, string | number | undefined>>;

export interface Point {
  readonly x: number;
  readonly y: number;
}
export interface Box extends Point {
  readonly width: number;
  readonly height: number;
}

export class SvgDrawing {
  readonly #elements: string[] = [];

  rect(box: Box, attributes: Attributes): void {
    this.#add('rect', { x: box.x, y: box.y, width: box.width, height: box.height, ...attributes });
  }

  /** A wall. The pattern begins at its corner, so that no brick is cut at its side. */
  bricks({ x, y, width, height }: Box): void {
    this.#add('rect', { transform: `translate(${round(x)} ${round(y)})`, width, height, fill: 'url(#brick)' });
  }

  circle(center: Point, radius: number, attributes: Attributes): void {
    this.#add('circle', { cx: center.x, cy: center.y, r: radius, ...attributes });
  }

  line(from: Point, to: Point, attributes: Attributes): void {
    this.#add('line', { x1: from.x, y1: from.y, x2: to.x, y2: to.y, ...attributes });
  }

  /** `at` is on the baseline. */
  text(text: string, at: Point, attributes: Attributes): void {
    this.#elements.push(element('text', { x: at.x, y: at.y, ...attributes }, escapeXml(text)));
  }

  /** What `draw` draws, with `title` as its tooltip and name for screen readers. */
  group(title: string, draw: () => void): void {
    this.#elements.push(`<g><title>${escapeXml(title)}</title>`);
    draw();
    this.#elements.push('</g>');
  }

  toString(): string {
    return this.#elements.join('\n');
  }

  #add(name: string, attributes: Attributes): void {
    this.#elements.push(element(name, attributes));
  }
}

export function element(name: string, attributes: Attributes, content?: string): string {
  const written = Object.entries(attributes).flatMap(([key, value]) => (value === undefined ? [] : [` ${key}="${typeof value === 'number' ? round(value) : escapeXml(value)}"`]));
  return content === undefined ? `<${name}${written.join('')}/>` : `<${name}${written.join('')}>${content}</${name}>`;
}

/** For text and attributes. Characters that XML 1.0 does not have become U+FFFD. */
export function escapeXml(text: string): string {
  const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
  return (
    text
      .replaceAll(/\p{Surrogate}/gu, '\ufffd')
      // oxlint-disable-next-line no-control-regex -- exactly those that XML forbids
      .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd')
      .replaceAll(/[&<>"]/g, (char) => entities[char] ?? char)
  );
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
