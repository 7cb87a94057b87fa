export interface SampleRoute {
  /** As the chain file has it: `left > m1 < right`. */
  readonly text: string;
  /** In order. */
  readonly nodes: readonly string[];
  /** Those that a neighbour dials. */
  readonly dialed: ReadonlySet<string>;
}

/** Every route with this many middles: two choices for each arrow. */
export function everyRoute(middles: number): SampleRoute[] {
  const nodes = ['left', ...Array.from({ length: middles }, (_, index) => `m${index + 1}`), 'right'];
  const arrows = nodes.length - 1;
  return Array.from({ length: 2 ** arrows }, (_, bits) => makeRoute(nodes, bits));
}

/** Bit i of `bits` is arrow i: 1 where the right node of the two dials. */
function makeRoute(nodes: readonly string[], bits: number): SampleRoute {
  const dialed = new Set<string>();
  const text = nodes.slice(1).reduce((before, node, index) => {
    const rightDials = ((bits >> index) & 1) === 1;
    dialed.add(rightDials ? (nodes[index] as string) : node);
    return `${before} ${rightDials ? '<' : '>'} ${node}`;
  }, nodes[0] as string);
  return { text, nodes, dialed };
}
