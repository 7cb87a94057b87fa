/** The rules of a site's firewall, for `nft -f -`: the same that examples/ shows beside each scenario. */

export interface FirewallOptions {
  /** More rules of the forward chain, in front of the others. */
  readonly forward?: readonly string[];
  /** Rules for whatever comes in from outside, before anything else: losses. */
  readonly prerouting?: readonly string[];
  /** Settings of the kernel in the firewall's namespace. */
  readonly sysctl?: readonly string[];
}

/**
 * Drops whatever comes from outside and belongs to no connection from inside; lets out only `out`, addresses. Counters:
 * `out` and `back` of what passed, `in_drop` (to the firewall), `fwd_in_drop` (to the inside), `fwd_out_drop` (others to the outside).
 */
export function firewallRules(out: readonly string[], { forward = [], prerouting = [] }: FirewallOptions): string {
  const set = out.length === 0 ? 'set may_out {\n  type ipv4_addr\n }' : `set may_out {\n  type ipv4_addr\n  elements = { ${out.join(', ')} }\n }`;
  const lines = (rules: readonly string[]): string => rules.map((rule) => `  ${rule}\n`).join('');
  return `table inet fw {
 counter out {
 }
 counter back {
 }
 counter in_drop {
 }
 counter fwd_in_drop {
 }
 counter fwd_out_drop {
 }
 ${set}
 chain before {
  type filter hook prerouting priority -300
${lines(prerouting)} }
 chain input {
  type filter hook input priority 0; policy drop
  iif lo accept
  ct state established,related accept
  iifname "lan" accept
  counter name in_drop drop
 }
 chain forward {
  type filter hook forward priority 0; policy drop
  ct state invalid drop
${lines(forward)}  iifname "wan" ct state established,related counter name back accept
  iifname "lan" oifname "wan" ip saddr @may_out counter name out accept
  iifname "wan" counter name fwd_in_drop drop
  counter name fwd_out_drop reject with icmpx admin-prohibited
 }
 chain post {
  type nat hook postrouting priority 100
  oifname "wan" masquerade
 }
}
`;
}
