#!/bin/sh
# gunicorn 23.0.0 and 27.0.1, packaging 26.4, Python 3.11
#
# Guessed: gunicorn's default bind reads PORT, and `--env PORT=…` or `os.environ["PORT"] = …` in gunicorn.conf.py sets it.
# Seen: PORT is read when gunicorn's modules are imported, which is before either. gunicorn listens on 127.0.0.1:8000, which
# nothing outside the container reaches, and the application sees the new PORT in its environment and reports it as its own.
#
#     23.0.0, PORT by --env: Listening at: http://127.0.0.1:8000
#     23.0.0, PORT by gunicorn.conf.py: Listening at: http://127.0.0.1:8000
#     23.0.0, PORT by the shell: Listening at: http://0.0.0.0:18765
#     27.0.1, PORT by --env: Listening at: http://127.0.0.1:8000
#     27.0.1, PORT by gunicorn.conf.py: Listening at: http://127.0.0.1:8000
#     27.0.1, PORT by the shell: Listening at: http://0.0.0.0:18765
set -eu
pids=
folder=$(mktemp -d)
trap 'kill $pids 2> /dev/null || true; wait; rm -rf "$folder"' EXIT
trap 'exit 1' HUP INT TERM
cd "$folder"
printf 'def app(environ, start_response):\n    start_response("200 OK", [])\n    return [b"ok"]\n' > shop.py
printf 'import os\nos.environ["PORT"] = "18765"\n' > port.py
# It says where it listens, or where it could not, as another program is there.
address() {
  HOME=$folder timeout 4 env "$@" shop:app > log 2>&1 || true
  sed -n "s/.*\(Listening at: [^ ]*\).*/\1/p; s/.*Connection in use: ('\(.*\)', \(.*\))$/Listening at: http:\/\/\1:\2/p" log | head -n 1
}
seen=
for release in 23.0.0 27.0.1; do
  python3 -m venv "$release"
  "$release/bin/pip" install --quiet --disable-pip-version-check "gunicorn==$release" packaging==26.4
  seen="$seen$release, PORT by --env: $(address "$release/bin/gunicorn" --env PORT=18765)
$release, PORT by gunicorn.conf.py: $(address "$release/bin/gunicorn" -c port.py)
$release, PORT by the shell: $(address PORT=18765 "$release/bin/gunicorn")
"
done
printf %s "$seen"
[ "$seen" = "23.0.0, PORT by --env: Listening at: http://127.0.0.1:8000
23.0.0, PORT by gunicorn.conf.py: Listening at: http://127.0.0.1:8000
23.0.0, PORT by the shell: Listening at: http://0.0.0.0:18765
27.0.1, PORT by --env: Listening at: http://127.0.0.1:8000
27.0.1, PORT by gunicorn.conf.py: Listening at: http://127.0.0.1:8000
27.0.1, PORT by the shell: Listening at: http://0.0.0.0:18765
" ] || { echo 'this has changed' >&2; exit 1; }
