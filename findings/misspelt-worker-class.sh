#!/bin/sh
# gunicorn 27.0.1, Python 3.11
#
# Guessed: a worker class whose module is there and whose name is misspelt ends gunicorn at once, like a misspelt module, with
# "class uri 'fast.Wroker' invalid or not found"; and `--check-config` finds it.
# Seen: no word of the class. gunicorn starts, listens, and then dies of "'str' object is not callable": the AttributeError of the
# look-up is taken for one of the configuration, which hands out the text that is written. `--check-config` is content with both.
# Of a logger class it is the same, before anything is listened on.
#
#     --check-config: module 0, name 0
#     module: class uri 'fats.Worker' invalid or not found; listens no
#     name: TypeError: 'str' object is not callable; listens yes
#     logger: TypeError: 'str' object is not callable; listens no
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' HUP INT TERM
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check gunicorn==27.0.1
printf 'def app(environ, start_response):\n    start_response("200 OK", [])\n    return [b"ok"]\n' > shop.py
printf 'from gunicorn.workers.sync import SyncWorker\nclass Worker(SyncWorker):\n    pass\n' > fast.py
run() { timeout 20 venv/bin/gunicorn -b unix:socket "$@" shop:app > log 2>&1; }
checked() { status=0; venv/bin/gunicorn --check-config "$@" shop:app > log 2>&1 || status=$?; echo "$status"; }
told() {
  run "$@" && return 1
  said=$(grep -o "class uri '[^']*' invalid or not found\|^TypeError: .*" log | tail -n 1)
  if grep -q 'Listening at' log; then listens=yes; else listens=no; fi
  echo "$said; listens $listens"
}
seen="--check-config: module $(checked -k fats.Worker), name $(checked -k fast.Wroker)
module: $(told -k fats.Worker)
name: $(told -k fast.Wroker)
logger: $(told --logger-class fast.Lgoger)"
echo "$seen"
[ "$seen" = "--check-config: module 0, name 0
module: class uri 'fats.Worker' invalid or not found; listens no
name: TypeError: 'str' object is not callable; listens yes
logger: TypeError: 'str' object is not callable; listens no" ] || { echo 'this has changed' >&2; exit 1; }
