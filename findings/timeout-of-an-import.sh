#!/bin/sh
# gunicorn 21.2.0 and 22.0.0, packaging 26.4, Python 3.11
#
# Guessed: `--timeout` is the same in both: a worker that imports the application for longer is killed, or it is not.
# Seen: up to 21.2.0 the clock runs while the application is imported. One that loads for 6 s under `-t 2` is killed and begun
# again for ever, with nothing but WORKER TIMEOUT in the log. From 22.0.0 on the import is not timed, and it serves. Who goes
# back a release, or raises the time that an import takes below one, gets a container that never comes up.
#
#     21.2.0: no answer, killed at least once
#     22.0.0: answered 200, never killed
set -eu
pids=
folder=$(mktemp -d)
trap 'kill $pids 2> /dev/null || true; wait; rm -rf "$folder"' EXIT
trap 'exit 1' HUP INT TERM
cd "$folder"
printf 'import time\ntime.sleep(6)\ndef app(environ, start_response):\n    start_response("200 OK", [])\n    return [b"ok"]\n' > shop.py
seen=
for release in 21.2.0 22.0.0; do
  python3 -m venv "$release"
  "$release/bin/pip" install --quiet --disable-pip-version-check "gunicorn==$release" packaging==26.4
  port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  "$release/bin/gunicorn" -t 2 -b "127.0.0.1:$port" shop:app > log 2>&1 & pids=$!
  sleep 12
  answer=$(python3 -c 'import sys, urllib.request; print("answered", urllib.request.urlopen(sys.argv[1], timeout=2).status)' "http://127.0.0.1:$port/" 2> /dev/null) || answer='no answer'
  kill "$pids"
  wait "$pids" || true
  pids=
  seen="$seen$release: $answer, $(grep -q 'WORKER TIMEOUT' log && echo 'killed at least once' || echo 'never killed')
"
done
printf %s "$seen"
[ "$seen" = "21.2.0: no answer, killed at least once
22.0.0: answered 200, never killed
" ] || { echo 'this has changed' >&2; exit 1; }
