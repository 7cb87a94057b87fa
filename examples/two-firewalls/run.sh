#!/usr/bin/env bash
# A server and the four nodes, each a process of its own, until Ctrl-C. Logs are in chain/NODE.log.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
[ -e chain/chain.yaml ] || ./make.sh

# Control sockets beside the chain, out of the way of other nodes of these names.
export XDG_RUNTIME_DIR="$PWD/chain"
children=()
trap 'kill "${children[@]}" 2>/dev/null || true; wait' EXIT
trap 'exit 0' INT TERM

node --input-type=module -e "
  import { createServer } from 'node:http';
  createServer((request, response) => response.end('Hello from behind two firewalls.\n')).listen(8000, '127.0.0.1');
" &
children+=($!)

# Any order will do; the ends go first here, to show it.
for name in lab desk east west; do
  node ../../packages/cli/bin/lstp.js up chain/chain.yaml --as "$name" --keys chain/keys 2>"chain/$name.log" &
  children+=($!)
done

echo "Ctrl-C ends it. In another terminal:  curl http://127.0.0.1:8080/"
wait
