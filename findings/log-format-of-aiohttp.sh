#!/bin/sh
# gunicorn 23.0.0 and 27.0.1, aiohttp 3.14.5, packaging 26.4, Python 3.11
#
# Guessed: aiohttp's worker translates gunicorn's `--access-logformat`, or takes no notice of it.
# Seen: it is handed to aiohttp, whose directives are others: the worker ends with ValueError, and gunicorn with status 3. Only
# gunicorn's default goes through, even spelt out, as it is compared as a text. So a format that a whole company sets for all
# services, in GUNICORN_CMD_ARGS say, works until the first of them takes this worker. It need not log anything at all.
#
#     23.0.0, the default, spelt out: it serves
#     23.0.0, the default and a duration: exit status 3
#     27.0.1, the default, spelt out: it serves
#     27.0.1, the default and a duration: exit status 3
set -eu
pids=
folder=$(mktemp -d)
trap 'kill $pids 2> /dev/null || true; wait; rm -rf "$folder"' EXIT
trap 'exit 1' HUP INT TERM
cd "$folder"
printf 'from aiohttp import web\napp = web.Application()\n' > shop.py
export HOME="$folder"
outcome() {
  "$release/bin/gunicorn" -k aiohttp.GunicornWebWorker -b unix:socket --access-logformat "$1" shop:app > log 2>&1 & pids=$!
  sleep 5
  if kill "$pids" 2> /dev/null; then wait "$pids" || true; outcome='it serves'; else outcome=0; wait "$pids" || outcome=$?; outcome="exit status $outcome"; fi
  pids=
}
seen=
for release in 23.0.0 27.0.1; do
  python3 -m venv "$release"
  "$release/bin/pip" install --quiet --disable-pip-version-check "gunicorn==$release" aiohttp==3.14.5 packaging==26.4
  default=$("$release/bin/python" -c 'from gunicorn.config import AccessLogFormat; print(AccessLogFormat.default)')
  outcome "$default"
  seen="$seen$release, the default, spelt out: $outcome
"
  outcome "$default %(D)s"
  seen="$seen$release, the default and a duration: $outcome
"
done
printf %s "$seen"
[ "$seen" = "23.0.0, the default, spelt out: it serves
23.0.0, the default and a duration: exit status 3
27.0.1, the default, spelt out: it serves
27.0.1, the default and a duration: exit status 3
" ] || { echo 'this has changed' >&2; exit 1; }
