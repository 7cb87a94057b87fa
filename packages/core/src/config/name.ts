/** Names of nodes, tunnels, services and plugins. */

export const NAME_PATTERN = '^[a-z0-9][a-z0-9._-]{0,62}$';
/** Words that mean something in `egress`. */
export const RESERVED_NODE_NAMES: readonly string[] = ['through', 'default', 'direct'];

const NAME = new RegExp(NAME_PATTERN);

export function isName(text: string): boolean {
  return NAME.test(text);
}

/** What is wrong with a name and what would be right; undefined for a good one. */
export function nameFault(text: string, kind: 'node' | 'tunnel' | 'service' | 'plugin'): string | undefined {
  if (!isName(text)) return `"${clip(text)}" is no name for a ${kind}: a name is 1 to 63 of a-z, 0-9, ".", "_", "-" and begins with a letter or digit${suggestion(text)}`;
  if (kind === 'node' && RESERVED_NODE_NAMES.includes(text)) return `"${text}" is a word of egress and no name for a node; call it another way`;
  return undefined;
}

/** `text` as it may stand in a message: short, and without control characters. */
export function clip(text: string): string {
  // oxlint-disable-next-line no-control-regex -- they would garble the operator's terminal
  const printable = text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, '\u00b7');
  return printable.length > 60 ? `${printable.slice(0, 57)}...` : printable;
}

function suggestion(text: string): string {
  const repaired = text
    .normalize('NFKD')
    .replaceAll(/\p{Mark}/gu, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, '-')
    .replace(/^[._-]+/, '')
    .replace(/-+$/, '')
    .slice(0, 63);
  return isName(repaired) ? `; "${repaired}" would be one` : '';
}
