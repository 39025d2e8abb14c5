#!/bin/sh
# gunicorn 27.0.1, gevent 26.9.0, Python 3.11; gunicorn 26.2.0 alike.
#
# Guessed: `pip install gunicorn gevent` is all that `-k gevent` needs.
# Seen: gunicorn's gevent worker imports `packaging`, which neither gunicorn 27 nor gevent brings in any more. Development
# environments have it by way of something else, images often not. The container ends at start:
#
#     ModuleNotFoundError: No module named 'packaging'
#     exit status 1
#     with packaging: it serves
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check gunicorn==27.0.1 gevent==26.9.0
printf 'def app(environ, start_response):\n    start_response("200 OK", [])\n    return [b"ok"]\n' > shop.py
run() { HOME=$folder timeout 10 venv/bin/gunicorn -k gevent -b unix:socket shop:app > log 2>&1 || echo "exit status $?" >> log; }
run
seen=$(grep -E "^ModuleNotFoundError|^exit status" log || true)
venv/bin/pip install --quiet --disable-pip-version-check packaging
run
seen="$seen
with packaging: $(grep -q 'Booting worker' log && echo it serves)"
echo "$seen"
[ "$seen" = "ModuleNotFoundError: No module named 'packaging'
exit status 1
with packaging: it serves" ] || { echo 'this has changed' >&2; exit 1; }
