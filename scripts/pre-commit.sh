#!/bin/sh
# What pre-commit runs: `paddock check` with its flags and the files that have changed: what belongs to a Procfile has that one looked at. Paddock is built once, in pre-commit's own copy of this repository.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
if ! [ -f "$root/dist/paddock.js" ]; then
  (cd "$root" && npm ci --ignore-scripts --no-audit --no-fund && node scripts/build.ts) >&2
fi
exec node "$root/dist/paddock.js" check --changed "$@"
