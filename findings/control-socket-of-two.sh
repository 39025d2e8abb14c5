#!/bin/sh
# gunicorn 27.0.1, Python 3.11
#
# Guessed: of two gunicorns that share a home (a Pod with a volume for it, one VM with two services) the second takes another
# control socket, or says that the path is in use.
# Seen: the second takes the path over without a word, so that gunicornc speaks to the other service than before, and when it
# ends it takes the socket with it. The first serves on, and cannot be controlled any more.
#
#     gunicornc spoke to the first
#     with a second one it speaks to the second
#     after the second it speaks to nobody; the first answers 200
set -eu
pids=
folder=$(mktemp -d)
trap 'kill $pids 2> /dev/null || true; wait; rm -rf "$folder"' EXIT
trap 'exit 1' HUP INT TERM
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check gunicorn==27.0.1
printf 'def app(environ, start_response):\n    start_response("200 OK", [])\n    return [b"ok"]\n' > shop.py
export HOME="$folder"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
whom() {
  case "$(venv/bin/gunicornc -c 'show stats' 2> /dev/null | sed -n 's/^PID: *//p')" in
    "$first") echo 'the first' ;;
    "$second") echo 'the second' ;;
    *) echo nobody ;;
  esac
}
second=none
venv/bin/gunicorn -b "127.0.0.1:$port" shop:app > first.log 2>&1 & first=$!
pids=$first
sleep 3
seen="gunicornc spoke to $(whom)"
venv/bin/gunicorn -b unix:socket shop:app > second.log 2>&1 & second=$!
pids="$first $second"
sleep 3
seen="$seen
with a second one it speaks to $(whom)"
kill "$second"
wait "$second" || true
pids=$first
answer=$(python3 -c 'import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1], timeout=3).status)' "http://127.0.0.1:$port/")
seen="$seen
after the second it speaks to $(whom); the first answers $answer"
kill "$first"
wait "$first" || true
pids=
echo "$seen"
[ "$seen" = "gunicornc spoke to the first
with a second one it speaks to the second
after the second it speaks to nobody; the first answers 200" ] || { echo 'this has changed' >&2; exit 1; }
