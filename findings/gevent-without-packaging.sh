#!/bin/sh
# gunicorn 26.2.0 and 27.0.1, gevent 26.9.0, packaging 26.4, Python 3.11
#
# Guessed: `pip install gunicorn gevent` is all that `-k gevent` needs.
# Seen: gunicorn's gevent worker imports `packaging`, which neither gunicorn nor gevent brings in any more. Development
# environments have it by way of something else, images often not. The container ends at start:
#
#     26.2.0: ModuleNotFoundError: No module named 'packaging', exit status 1
#     26.2.0, with packaging: it serves
#     27.0.1: ModuleNotFoundError: No module named 'packaging', exit status 1
#     27.0.1, with packaging: it serves
set -eu
pids=
folder=$(mktemp -d)
trap 'kill $pids 2> /dev/null || true; wait; rm -rf "$folder"' EXIT
trap 'exit 1' HUP INT TERM
cd "$folder"
printf 'def app(environ, start_response):\n    start_response("200 OK", [])\n    return [b"ok"]\n' > shop.py
run() { HOME=$folder timeout 10 "$release/bin/gunicorn" -k gevent -b unix:socket shop:app > log 2>&1 || echo "exit status $?" >> log; }
seen=
for release in 26.2.0 27.0.1; do
  python3 -m venv "$release"
  "$release/bin/pip" install --quiet --disable-pip-version-check "gunicorn==$release" gevent==26.9.0
  run
  seen="$seen$release: $(grep '^ModuleNotFoundError' log || true), $(grep '^exit status' log || true)
"
  "$release/bin/pip" install --quiet --disable-pip-version-check packaging==26.4
  run
  seen="$seen$release, with packaging: $(grep -q 'Booting worker' log && echo it serves)
"
done
printf %s "$seen"
[ "$seen" = "26.2.0: ModuleNotFoundError: No module named 'packaging', exit status 1
26.2.0, with packaging: it serves
27.0.1: ModuleNotFoundError: No module named 'packaging', exit status 1
27.0.1, with packaging: it serves
" ] || { echo 'this has changed' >&2; exit 1; }
