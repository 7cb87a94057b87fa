/** The rules of firewalls: those of examples/firewalls, for `nft -f -`. */
import { readFileSync } from 'node:fs';

/** Where the examples are, from the compiled test. */
export const EXAMPLES = new URL('../../../../examples/firewalls/', import.meta.url);

export interface FirewallOptions {
  /** Files of examples/firewalls with more rules. */
  readonly rules?: readonly string[];
  /** Files of examples/firewalls for `sysctl -p`, or settings: `net.ipv4.ip_forward=1`. */
  readonly sysctl?: readonly string[];
}

/**
 * examples/firewalls/site.nft, which lets out only `out`, addresses. Its counters: `out` and `back` of what passed, `in_drop` (to the
 * firewall), `fwd_in_drop` (to the inside), `fwd_out_drop` (others to the outside).
 */
export function firewallRules(out: readonly string[], { rules = [] }: FirewallOptions): string {
  const elements = out.length === 0 ? '' : 'elements = $proxies';
  const site = read('site.nft').replace(/^define proxies = .*$/m, out.length === 0 ? '' : `define proxies = { ${out.join(', ')} }`).replace('elements = $proxies', elements);
  return [site, ...rules.map(read)].join('\n');
}

function read(file: string): string {
  return readFileSync(new URL(file, EXAMPLES), 'utf8');
}
