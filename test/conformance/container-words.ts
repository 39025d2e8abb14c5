/** What people write into containers that start gunicorn: what the generated ones are made of. */

/** Settings as a list holds them: what containers have as a rule. */
export const usual: readonly (readonly string[])[] = [
  ['-w', '2'],
  ['--workers', '3'],
  ['-w4'],
  ['--workers=8'],
  ['-b', '0.0.0.0:8000'],
  ['-b', ':8000'],
  ['--bind=0.0.0.0:5000'],
  ['-b', ':$(PORT)'],
  ['--bind', '0.0.0.0:$(PORT)'],
  ['--bind=[::]:$(PORT)'],
  ['-b', '127.0.0.1:8000'],
  ['-k', 'gthread'],
  ['--threads', '4'],
  ['--timeout', '120'],
  ['--access-logfile', '-'],
  ['--error-logfile', '-'],
  ['--log-file=-'],
  ['--log-level', 'info'],
  ['--preload'],
  ['--max-requests', '1000'],
  ['--name', 'shop'],
  ['-c', '/dev/null'],
  ['--reload'],
  ['--daemon'],
  ['-b', '8000'],
  ['-b', '$(PORT)'],
]

/** Settings that few have, that depend on the environment, or that gunicorn refuses. */
export const unusual: readonly (readonly string[])[] = [
  ['-b', '8080'],
  ['-b', ':$PORT'],
  ['--bind=0.0.0.0:${PORT}'],
  ['-b127.0.0.1:$(PORT)'],
  ['-b', 'localhost:80'],
  ['--bind=[::1]:80'],
  ['-b', 'unix:/tmp/x y.sock'],
  ['-b', '127.0.0.1:1', '-b', 'localhost:2'],
  ['-b', ':1', '--bind', '127.0.0.1:2'],
  ['-b', 'tcp://127.0.0.1:5'],
  ['-b', ' 127.0.0.1:80 '],
  ['-b', '$(HOST):$(PORT)'],
  ['--workers', '$(WORKERS)'],
  ['--workers 4'],
  ['--bind 0.0.0.0:80'],
  ['--bind $(HOST):80'],
  ['-w 4'],
  ['--access-logfile', '/tmp/access.log'],
  ["--error-logfile=/tmp/it's $here"],
  ['--access-logformat', '%(h)s "%(r)s" it\'s $1'],
  ['--access-logformat=-'],
  ['--log-config', '/etc/log.ini'],
  ['--log-syslog'],
  ['--name', 'my "app" $ $(NAME)'],
  ['-e', 'A=b c'],
  ['--chdir', '/tmp'],
  ['--forwarded-allow-ips', '*'],
  ['--statsd-host', '$(HOST_IP):8125'],
  ['--worker-tmp-dir', '/dev/shm'],
  ['--check-config'],
  ['--version'],
  ['-w', 'x'],
  ['--port', '80'],
  ['--worker-cl', 'gevent'],
  ['-Dw3'],
  ['--paste', 'shop.ini'],
  ['--access-logfile', ''],
  ['-b', ''],
  ['--workers', '-1'],
  ['-D'],
  ['-RD'],
  ['-RDb', ':3'],
  ['-DRb5000'],
  ['--daem'],
  ['--reload-engine', 'poll'],
  ['--reload', '--reload'],
  ['-b5000', '-b', ':1'],
]

/** What only a script has: it stands there as it is. */
export const expansions: readonly string[] = [
  '-b :$PORT',
  '-b ":$PORT"',
  '--bind=0.0.0.0:${PORT}',
  '--bind "0.0.0.0:${PORT:-8000}"',
  '-b "127.0.0.1:$PORT"',
  '-b :"$PORT"',
  '-w $WORKERS',
  '-w ${WORKERS:-3}',
  '--workers "$((1 + 1))"',
  '-w $(nproc)',
  '-w `nproc`',
  '$OPTIONS',
  '${OPTIONS:-}',
  '"$@"',
  '--name "a  $HOST"',
  "-e A=$'x'",
  '-b $BIND',
  "--access-logfile ''/tmp/a.log",
  '--access-logf"ile" /tmp/a\\ b',
  '-b $PORT',
  '--bind="${PORT:-8000}"',
  '"--reload"',
  '-D',
  "'-D'w2",
  '-R"D"',
  "-b '127.0.0.1':80",
  "--bin\\d=127.0.0.1:'8'0",
  '-b 127.0.0.1:80"00"',
  '-\\\nw 2',
  '"-"w 2',
]

/** Programs that start the rest of their words. */
export const wrappers: readonly (readonly string[])[] = [
  ['env', 'A=b'],
  ['env', 'A=b', 'C=d e'],
  ['env', 'GUNICORN_CMD_ARGS=--threads 2'],
  ['env', 'PORT=9000'],
  ['nice', '-n', '5'],
  ['timeout', '60'],
  ['opentelemetry-instrument'],
  ['ddtrace-run'],
  ['poetry', 'run'],
  ['tini', '--'],
  ['tini', '-g', '--'],
  ['dumb-init'],
  ['sudo'],
  ['python', '-m'],
  ['python3', '-u', '-m'],
]

/** Variables before a command. */
export const assignments: readonly string[] = [
  'A=b',
  'A="b c" D=e',
  'GUNICORN_CMD_ARGS="-w 2"',
  'WEB_CONCURRENCY=3',
  'PORT=9000',
  "GUNICORN_CMD_ARGS='--log-level debug --bind :1'",
]

export const redirections: readonly string[] = [
  '>out.log',
  '2>&1',
  '>>out.log 2>&1',
  '</dev/null',
  '2>err.log',
  '> "out 1.log"',
  '1>&2',
]

/** What runs before gunicorn. */
export const steps: readonly string[] = [
  'python manage.py migrate --noinput',
  'migrate',
  'migrate "$PORT" it\\\'s',
  'flask db upgrade',
  'python -c \'print("-w $A")\'',
  'migrate ${PORT:-none}',
]

/** What a command of gunicorn stands in; `@` is the command, and `%` a step. */
// dprint-ignore: a list of words
export const scripts: readonly string[] = [
  '@', '@\n', '% && @', '% && exec @', '%; @', '%\n@', 'set -e\n%\n\n# start -w 9\n@\n', 'exec @', '@ # end',
  'exec @  # web: gunicorn -w 1', 'cd sub && @', 'if [ -n "$DEBUG" ]; then flask run; else @; fi', 'if %; then\n  exec @\nfi',
  'case "$MODE" in dev) flask run ;; *) @ ;; esac', '% || exit 1; @', '( @ )', '{ @; }', '@ | collect', '@ 2>&1 | collect -a',
  '@ && %', '@; %', 'for i in 1 2; do migrate "$i"; done; @', 'start() { @; }\nstart', '@ <<EOT\nbody $PORT\nEOT',
  'cat <<EOT >note\n-w 3 gunicorn $PORT\nEOT\n@', 'export WORKERS=5; @', ': "${PORT:=8000}"; @', 'export PORT=${PORT:-8001}\n@',
  'echo "gunicorn app:none -w 2" >note; @', '! broken && @', 'broken || @', 'command @', '@ \\\n', 'set -- -w 2; @',
  "trap 'migrate bye' EXIT; @", 'OPTIONS="-w 7 --preload"; @', 'while [ ! -f done ]; do : >done; done; @', '@ &\nwait',
  'celery worker & @', 'umask 022; exec @', '[ -d sub ] && @ || broken', 'exec >out.log 2>&1; @', '@;# end', '%&&@',
  'PORT=7001; @',
]

/** Shells, up to the script. */
export const shells: readonly (readonly string[])[] = [
  ['sh', '-c'],
  ['sh', '-c'],
  ['/bin/sh', '-c'],
  ['bash', '-c'],
  ['sh', '-ec'],
  ['bash', '-e', '-c'],
  ['tini', '--', 'sh', '-c'],
  ['env', 'A=b', 'bash', '-c'],
]

/** What stands behind a script: its name and its parameters. */
export const parameters: readonly (readonly string[])[] = [['web'], ['web', '-w', '2'], ['--', '--preload', '--name', 'a b']]

/** What may stand behind other settings in GUNICORN_CMD_ARGS. */
// dprint-ignore: a list of words
export const behindArguments: readonly string[] = [
  '', '', '', '', '\n', ' -- x', ' "--" x', ' -n a\\ ', ' -n $(X', " -n 'x", ' --threads $(BASE)', ' -b :$(PORT)', ' -b 127.0.0.1:9', ' -n $$(A) ',
  " --bind='localhost:80'", ' --access-logfile "/tmp/a b"', ' --error-logfile=/tmp/e', ' -b :$PORT', ' -b localhost:1 -b :2', ' x y -t 5',
  ' --reload', ' --reload -t 5 -R', ' -t 5 -Dw3', ' -b 8080', ' -b 0.0.0.0:90', ' -w', ' --statsd-host $(HOST_IP):8125', ' --check-config', ' -b $(HOST):80 --preload',
]
