#!/bin/sh
# gunicorn 23.0.0 and 27.0.1, Python 3.11
#
# Guessed: gunicorn's default bind reads PORT, and `--env PORT=…` or `os.environ["PORT"] = …` in gunicorn.conf.py sets it.
# Seen: PORT is read when gunicorn's modules are imported, which is before either. gunicorn listens on 127.0.0.1:8000, which
# nothing outside the container reaches, and the application sees the new PORT in its environment and reports it as its own.
#
#     PORT by --env: Listening at: http://127.0.0.1:8000
#     PORT by gunicorn.conf.py: Listening at: http://127.0.0.1:8000
#     PORT by the shell: Listening at: http://0.0.0.0:18765
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check gunicorn==27.0.1
printf 'def app(environ, start_response):\n    start_response("200 OK", [])\n    return [b"ok"]\n' > shop.py
printf 'import os\nos.environ["PORT"] = "18765"\n' > port.py
# It says where it listens, or where it could not, as another program is there.
address() {
  HOME=$folder timeout 4 env "$@" shop:app > log 2>&1 || true
  sed -n "s/.*\(Listening at: [^ ]*\).*/\1/p; s/.*Connection in use: ('\(.*\)', \(.*\))$/Listening at: http:\/\/\1:\2/p" log | head -n 1
}
seen="PORT by --env: $(address venv/bin/gunicorn --env PORT=18765)
PORT by gunicorn.conf.py: $(address venv/bin/gunicorn -c port.py)
PORT by the shell: $(address PORT=18765 venv/bin/gunicorn)"
echo "$seen"
[ "$seen" = "PORT by --env: Listening at: http://127.0.0.1:8000
PORT by gunicorn.conf.py: Listening at: http://127.0.0.1:8000
PORT by the shell: Listening at: http://0.0.0.0:18765" ] || { echo 'this has changed' >&2; exit 1; }
