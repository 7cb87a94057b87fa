/**
 * A network of the test's own: a network namespace for each node, all on one bridge, 10.77.0.0/24. Nothing of the machine's
 * own network is read or changed.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const PREFIX = `lstp${process.pid}`;
const BRIDGE = `${PREFIX}-wan`;

/** What is missing on this machine, or undefined. */
export function missingForNamespaces(): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'network namespaces are for root on Linux';
  const missing = ['/usr/sbin/ip', '/usr/sbin/nft'].find((program) => !existsSync(program));
  if (missing !== undefined) return `${missing} is not installed`;
  const [made] = [spawnSync('ip', ['netns', 'add', `${PREFIX}-try`]), spawnSync('ip', ['netns', 'del', `${PREFIX}-try`])];
  return made?.status === 0 ? undefined : 'network namespaces cannot be made here';
}

export class Namespaces {
  readonly #nodes: readonly string[];
  readonly #addresses = new Map<string, string>();

  /** Throws, with nothing left behind, when they cannot be made. */
  static make(nodes: readonly string[]): Namespaces {
    const namespaces = new Namespaces(nodes);
    try {
      namespaces.#build();
    } catch (error) {
      namespaces.remove();
      throw error;
    }
    return namespaces;
  }

  private constructor(nodes: readonly string[]) {
    this.#nodes = nodes;
  }

  address(node: string): string {
    return this.#addresses.get(node) as string;
  }

  /** The beginning of a command that runs where `node` is. */
  inside(node: string): string[] {
    return ['ip', 'netns', 'exec', nameOf(node)];
  }

  /** No packet reaches or leaves the node any more, and nobody is told. */
  cut(node: string): void {
    const chain = (hook: string, way: string): string => `chain ${hook} {\n type filter hook ${hook} priority 0\n ${way} "lo" accept\n drop\n}\n`;
    run([...this.inside(node), 'nft', '-f', '-'], `table inet cut {\n${chain('input', 'iifname')}${chain('output', 'oifname')}}\n`);
  }

  mend(node: string): void {
    run([...this.inside(node), 'nft', 'delete', 'table', 'inet', 'cut']);
  }

  /** The node gets another address, and has no longer the one that its connections have. */
  move(node: string): string {
    const old = this.address(node);
    const next = old.replace(/\d+$/, (last) => String(Number(last) + 100));
    // In this order: Linux takes a second address of the same network away with the first.
    run([...this.inside(node), 'ip', 'address', 'del', `${old}/24`, 'dev', 'eth0']);
    run([...this.inside(node), 'ip', 'address', 'add', `${next}/24`, 'dev', 'eth0']);
    this.#addresses.set(node, next);
    return next;
  }

  /** The namespaces go, and with them all that was in them but processes. */
  remove(): void {
    for (const name of [...this.#nodes.map(nameOf), BRIDGE]) spawnSync('ip', ['netns', 'del', name]);
  }

  #build(): void {
    run(['ip', 'netns', 'add', BRIDGE]);
    const bridge = ['ip', '-n', BRIDGE];
    run([...bridge, 'link', 'add', 'bridge', 'type', 'bridge']);
    run([...bridge, 'link', 'set', 'bridge', 'up']);
    for (const [index, node] of this.#nodes.entries()) this.#join(node, { index, bridge });
  }

  #join(node: string, { index, bridge }: { index: number; bridge: readonly string[] }): void {
    const name = nameOf(node);
    const address = `10.77.0.${index + 1}`;
    run(['ip', 'netns', 'add', name]);
    run([...bridge, 'link', 'add', node, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name]);
    run([...bridge, 'link', 'set', node, 'master', 'bridge', 'up']);
    for (const device of ['lo', 'eth0']) run(['ip', '-n', name, 'link', 'set', device, 'up']);
    run(['ip', '-n', name, 'address', 'add', `${address}/24`, 'dev', 'eth0']);
    this.#addresses.set(node, address);
  }
}

function nameOf(node: string): string {
  return `${PREFIX}-${node}`;
}

function run([program = '', ...args]: readonly string[], input = ''): void {
  const { status, stderr } = spawnSync(program, args, { input, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`);
}
