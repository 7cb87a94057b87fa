/** What a test can know of an SVG without drawing it. */

export interface TextBox {
  readonly text: string;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** What is wrong with the XML; undefined if nothing is. Knows elements, attributes, text and the five entities. */
export function wellFormed(xml: string): string | undefined {
  const open: string[] = [];
  let rest = xml.trim();
  while (rest !== '') {
    const token = /^(?:<(\/?)([A-Za-z][\w:-]*)((?:\s+[A-Za-z_][\w:.-]*="[^"<]*")*)\s*(\/?)>|[^<]+)/.exec(rest);
    if (token === null) return `no XML here: ${rest.slice(0, 60)}`;
    const [whole, closing, name = '', , empty] = token;
    if (/&(?!(?:amp|lt|gt|quot|apos);)/.test(whole)) return `a bare "&": ${whole}`;
    if (closing === '/' && open.pop() !== name) return `</${name}> closes another element`;
    if (name !== '' && closing !== '/' && empty !== '/') open.push(name);
    if (open.length === 0 && rest.length > whole.length && rest.startsWith('<')) return `more than one root: ${rest.slice(whole.length, whole.length + 40)}`;
    rest = rest.slice(whole.length);
  }
  return open.length === 0 ? undefined : `<${open.at(-1)}> is not closed`;
}

/** Where the texts are, measured with the widths that the fonts of the map have. The picture is the first box. */
export function textBoxes(svg: string): TextBox[] {
  const [, width, height] = /<svg [^>]*width="(\d+)" height="(\d+)"/.exec(svg) ?? [];
  const boxes: TextBox[] = [{ text: '', left: 0, top: 0, right: Number(width), bottom: Number(height) }];
  let origin = { x: 0, y: 0 };
  for (const [, dx, dy, attributes, text] of svg.matchAll(/<g transform="translate\(([\d.-]+) ([\d.-]+)\)">|<text([^>]*)>([^<]*)<\/text>/g)) {
    if (attributes === undefined) origin = { x: Number(dx), y: Number(dy) };
    else boxes.push(textBox(attributes, text ?? '', origin));
  }
  return boxes;
}

/** Pairs of texts that cover one another, and texts that stick out of the picture. */
export function overlaps([picture, ...texts]: readonly TextBox[]): string[] {
  if (picture === undefined) return ['no picture'];
  const outside = texts.filter(({ left, right, top, bottom }) => left < picture.left || right > picture.right || top < picture.top || bottom > picture.bottom);
  const pairs = texts.flatMap((one, index) => texts.slice(index + 1).filter((other) => touches(one, other)).map((other) => `${one.text} | ${other.text}`));
  return [...outside.map(({ text }) => `outside: ${text}`), ...pairs];
}

function touches(a: TextBox, b: TextBox): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}

function textBox(attributes: string, escaped: string, origin: { readonly x: number; readonly y: number }): TextBox {
  const value = (name: string): string => new RegExp(` ${name}="([^"]*)"`).exec(attributes)?.[1] ?? '';
  const text = escaped.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&amp;', '&');
  const size = Number(value('font-size'));
  const width = text.length * size * (value('font-family').includes('Mono') && value('font-family').includes('monospace') ? 0.602 : 0.6);
  const x = origin.x + Number(value('x')) - (value('text-anchor') === 'middle' ? width / 2 : 0);
  const y = origin.y + Number(value('y'));
  return { text, left: x, right: x + width, top: y - size * 0.78, bottom: y + size * 0.2 };
}
