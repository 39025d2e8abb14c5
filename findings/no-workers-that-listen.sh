#!/bin/sh
# gunicorn 23.0.0 and 27.0.1, packaging 26.4, Python 3.11
#
# Guessed: `-w 0`, or WEB_CONCURRENCY=0 out of an integer division, is refused as a configuration error.
# Seen: gunicorn starts, binds, and says "Listening at". The kernel accepts connections for it, so that a TCP probe is content
# and traffic is sent, and no request is ever answered. Nothing is logged.
#
#     23.0.0: connected, and no answer after 3 s
#     27.0.1: connected, and no answer after 3 s
set -eu
pids=
folder=$(mktemp -d)
trap 'kill $pids 2> /dev/null || true; wait; rm -rf "$folder"' EXIT
trap 'exit 1' HUP INT TERM
cd "$folder"
printf 'def app(environ, start_response):\n    start_response("200 OK", [])\n    return [b"ok"]\n' > shop.py
seen=
for release in 23.0.0 27.0.1; do
  python3 -m venv "$release"
  "$release/bin/pip" install --quiet --disable-pip-version-check "gunicorn==$release" packaging==26.4
  port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  HOME=$folder WEB_CONCURRENCY=0 "$release/bin/gunicorn" -b "127.0.0.1:$port" shop:app > log 2>&1 & pids=$!
  sleep 3
  answer=$(python3 - "$port" <<'PYTHON'
import socket, sys
connection = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 3)
connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
try:
    print("answered", connection.recv(100))
except TimeoutError:
    print("connected, and no answer after 3 s")
PYTHON
) || true
  kill "$pids"
  wait "$pids" || true
  pids=
  seen="$seen$release: $answer
"
done
printf %s "$seen"
[ "$seen" = "23.0.0: connected, and no answer after 3 s
27.0.1: connected, and no answer after 3 s
" ] || { echo 'this has changed' >&2; exit 1; }
