import type { StarterNode } from '../starter/chain-text.js';

export interface TrialPorts {
  /** Where applications find the SOCKS server. */
  readonly front: number;
  readonly west: number;
  readonly east: number;
  /** The demonstration at the far end. */
  readonly demo: number;
}

/** The chain of `lstp trial`: two firewalls (that loopback does not have), a SOCKS server for one page. */
export function trialChainText(keys: Readonly<Record<StarterNode, string>>, { front, west, east, demo }: TrialPorts): string {
  return `lstp: 1
nodes:
  desk: { key: "${keys.desk}" }
  west: { key: "${keys.west}", listen: "127.0.0.1:${west}" }
  east: { key: "${keys.east}", listen: "127.0.0.1:${east}" }
  lab: { key: "${keys.lab}" }
tunnels:
  trial:
    route: desk > west > east < lab
    services:
      proxy: { plugin: socks, at: desk, listen: "127.0.0.1:${front}", allow: ["127.0.0.1:${demo}"] }
`;
}
