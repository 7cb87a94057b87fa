#!/usr/bin/env bash
# Makes chain/chain.yaml and chain/keys: what `lstp init` does, step by step.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
lstp() { node ../../packages/cli/bin/lstp.js "$@"; }

if [ -e chain/chain.yaml ]; then
  echo "chain/chain.yaml is there already; remove the folder chain to begin anew"
  exit 0
fi
mkdir -p chain

# A key for each node. What is printed is the public half; the private one stays in chain/keys, for its owner alone.
desk=$(lstp keygen desk --keys chain/keys)
west=$(lstp keygen west --keys chain/keys)
east=$(lstp keygen east --keys chain/keys)
lab=$(lstp keygen lab --keys chain/keys)

cat >chain/chain.yaml <<YAML
lstp: 1
nodes:
  desk: { key: "$desk" }                              # behind the first firewall: add its egress
  west: { key: "$west", listen: "127.0.0.1:7070" }
  east: { key: "$east", listen: "127.0.0.1:7071" }
  lab: { key: "$lab" }                                # behind the second firewall: add its egress
tunnels:
  two-firewalls:
    route: desk > west > east < lab
    services:
      web: { at: desk, listen: "127.0.0.1:8080", to: "127.0.0.1:8000" }
YAML

lstp check chain/chain.yaml
lstp map chain/chain.yaml
