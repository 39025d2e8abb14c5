#!/bin/sh
# What pre-commit runs: `paddock check` with its flags and files. Paddock is built once, in pre-commit's own copy of this repository.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
if ! [ -f "$root/dist/paddock.js" ]; then
  (cd "$root" && npm ci --ignore-scripts --no-audit --no-fund && node scripts/build.ts) >&2
fi
exec node "$root/dist/paddock.js" check "$@"
