#!/bin/sh
# gunicorn 23.0.0 and 27.0.1, aiohttp 3.14.5, Python 3.11
#
# Guessed: aiohttp's worker translates gunicorn's `--access-logformat`, or takes no notice of it.
# Seen: it is handed to aiohttp, whose directives are others: the worker ends with ValueError, and gunicorn with status 3. Only
# gunicorn's default goes through, even spelt out, as it is compared as a text. So a format that a whole company sets for all
# services, in GUNICORN_CMD_ARGS say, works until the first of them takes this worker. It need not log anything at all.
#
#     the default, spelt out: it serves
#     the default and a duration: exit status 3
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check gunicorn==23.0.0 aiohttp==3.14.5
printf 'from aiohttp import web\napp = web.Application()\n' > shop.py
default=$(venv/bin/python -c 'from gunicorn.config import AccessLogFormat; print(AccessLogFormat.default)')
outcome() {
  venv/bin/gunicorn -k aiohttp.GunicornWebWorker -b unix:socket --access-logformat "$1" shop:app > log 2>&1 & pid=$!
  sleep 5
  if kill "$pid" 2> /dev/null; then wait "$pid" || true; echo 'it serves'; else wait "$pid" || echo "exit status $?"; fi
}
seen="the default, spelt out: $(outcome "$default")
the default and a duration: $(outcome "$default %(D)s")"
echo "$seen"
[ "$seen" = "the default, spelt out: it serves
the default and a duration: exit status 3" ] || { echo 'this has changed' >&2; exit 1; }
