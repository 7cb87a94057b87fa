/** Texts in the room there is. */

/** At most `width` characters; what is left out in the middle becomes an ellipsis. */
export function shorten(text: string, width: number): string {
  if (text.length <= width) return text;
  const head = Math.ceil((width - 1) / 2);
  return `${text.slice(0, head)}\u2026${text.slice(text.length - (width - 1 - head))}`;
}

/** Lines of at most `width` characters, broken at blanks; a word that is longer is shortened. */
export function wrapWords(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(shorten(word, width));
  }
  return lines;
}

/** Lines of at most `width` characters, broken behind ".", "-", "_" where possible; at most `count`, the last one shortened. */
export function wrapName(name: string, width: number, count: number): string[] {
  const lines: string[] = [];
  let rest = name;
  while (rest.length > width && lines.length < count - 1) {
    const slice = rest.slice(0, width);
    const at = Math.max(slice.lastIndexOf('.'), slice.lastIndexOf('-'), slice.lastIndexOf('_')) + 1;
    const end = at >= width / 2 ? at : width;
    lines.push(rest.slice(0, end));
    rest = rest.slice(end);
  }
  return [...lines, shorten(rest, width)];
}

/** `through a, then b; or straight`. Empty where every way is straight. */
export function waysText(ways: readonly (readonly string[])[]): string {
  if (ways.every((way) => way.length === 0)) return '';
  return ways.map((way) => (way.length === 0 ? 'straight' : `through ${way.join(', then ')}`)).join('; or ');
}
