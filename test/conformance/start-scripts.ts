/** Scripts that start gunicorn, in the shapes that people write them in: made from a seed, every start with a name of its own. */
import { quote } from '../../src/shell/quote.ts'
import { Random } from './random.ts'

export interface StartScript {
  readonly text: string
  /** `$0`, `$1`, …: what stands behind `-c SCRIPT`. */
  readonly parameters: readonly string[]
  /** All that the shell gets. */
  readonly variables: ReadonlyMap<string, string>
  /** True where only bash takes it as it is meant. */
  readonly bashOnly: boolean
  /** True where every program that it starts succeeds, as does every test of what the reader cannot know. */
  readonly calm: boolean
}

export function startScript(seed: number): StartScript {
  return new Generator(new Random(seed)).script()
}

/** What a container may be given, with the share of containers that are. */
const given: readonly (readonly [name: string, share: number, values: readonly string[]])[] = [
  ['PORT', 0.7, ['8000', '5000', '8080']],
  ['WEB_CONCURRENCY', 0.25, ['2', '3']],
  ['WORKERS', 0.4, ['4', '6', '']],
  ['THREADS', 0.3, ['2', '8']],
  ['HOST', 0.4, ['0.0.0.0', '127.0.0.1', '::']],
  ['ENV', 0.5, ['production', 'dev', 'staging']],
  ['DEBUG', 0.4, ['', '1', 'true', 'false']],
  ['SERVICE', 0.4, ['web', 'worker', 'web-blue']],
  ['OPTIONS', 0.4, ['--preload', '--preload --threads 2', '', '-w 5  --log-level debug']],
  ['LOG_LEVEL', 0.3, ['info', 'debug']],
  ['MODULE', 0.3, ['shop.wsgi', 'shop/wsgi.py', 'shop.main:app']],
  ['NAME', 0.3, ['shop', 'my shop', 'it\'s "mine"']],
  ['DATABASE_URL', 0.3, ['postgres://u:p@db:5432/shop', 'sqlite:///x.db']],
  ['LIST', 0.2, ['a,b', 'one', 'a b']],
  ['GUNICORN_CMD_ARGS', 0.25, ['--threads 2', '--bind=0.0.0.0:9000 --workers=2', '']],
  ['FORWARDED_ALLOW_IPS', 0.15, ['*', '10.0.0.1']],
  ['HOME', 0.9, ['/home/app']],
]

const names = given.map(([name]) => name)

/** Options that are written down as they are. */
// dprint-ignore: a list of words
const options: readonly string[] = [
  '-w 3', '-w4', '--workers=4', '--workers 2', '-b 0.0.0.0:8000', '--bind=:8000', '-b [::]:8000', "-b '[::]:8000'", '-b unix:/tmp/x.sock',
  '-k gthread', '-k uvicorn.workers.UvicornWorker', '--threads 4', '-t 120', '--timeout=60', '--access-logfile -', '--access-logfile=-',
  "--access-logfile '-'", '--error-logfile -', '--log-file=-', '--log-level info', '--preload', '--max-requests 1000',
  '--max-requests-jitter=50', '--chdir /srv', '--name shop', "-n 'my shop'", '-n "shop"', '-c /dev/null', '--worker-tmp-dir /dev/shm',
  '--forwarded-allow-ips="*"', "--forwarded-allow-ips '*'", '--keep-alive 5', '--graceful-timeout 30', '--capture-output',
  `--access-logformat '%(h)s "%(r)s" %(s)s'`, `--access-logformat '{"ip":"%(h)s","x":"%({x-forwarded-for}i)s"}'`,
  '--access-logformat "%(t)s \\"%(r)s\\""', '--env A=b', "-e 'A=b c'", '--statsd-host localhost:8125', '--reload', '--user app',
]

/** Options with a value from elsewhere: what a shell makes of them depends on the variables. */
const live: readonly string[] = [
  '-b :$PORT',
  '-b 0.0.0.0:$PORT',
  '-b "0.0.0.0:$PORT"',
  '--bind=0.0.0.0:${PORT}',
  '--bind ":${PORT:-8000}"',
  '-b ${HOST:-0.0.0.0}:${PORT:-8000}',
  '-b "${HOST}:${PORT}"',
  '--bind="[::]:$PORT"',
  '-w $WORKERS',
  '-w ${WORKERS:-3}',
  '-w "${WORKERS:-3}"',
  '--workers=${WEB_CONCURRENCY:-2}',
  '-w ${WORKERS-3}',
  '-w ${WORKERS:=3}',
  '--threads ${THREADS:-4}',
  '--log-level ${LOG_LEVEL:-info}',
  '--log-level "${LOG_LEVEL}"',
  '-w $((2 * 2 + 1))',
  '-w $((${THREADS:-2} + 1))',
  '$OPTIONS',
  '${OPTIONS}',
  '${OPTIONS:-}',
  '${OPTIONS:---preload}',
  '${DEBUG:+--reload}',
  '${RELOAD:+--reload}',
  '${NAME:+-n "$NAME"}',
  '${NAME:+--name=$NAME}',
  '-n "$NAME"',
  '-n "${NAME:-shop}"',
  "-n 'it'\\''s'",
  '-n "a\\$b"',
  '--chdir ~/shop',
  '-n "${MODULE%.*}"',
  '-n "${MODULE%%/*}"',
  '-n ${MODULE##*/}',
  '-n "${DATABASE_URL#*://}"',
  '-n "${DATABASE_URL%%:*}"',
  '-w ${#ENV}',
  '-n "${ENV:-production}-${SERVICE:-web}"',
  '"--workers=$WORKERS"',
  '"--bind=:$PORT"',
  "-n '$NAME'",
  '-w $(nproc)',
  '-w `nproc`',
  '-w ${WORKERS:-$(nproc)}',
  '-b "${HOST:-${FALLBACK:-0.0.0.0}}:$PORT"',
  '-w ${WORKERS:-${THREADS:-3}}',
  '-n x"$ENV"y',
  '-n ""',
  "-n ''$ENV",
  '-n a\\ b',
  '-n $ENV$SERVICE',
]

// dprint-ignore: a list of words
const steps: readonly string[] = [
  'python manage.py migrate --noinput', 'migrate', 'flask db upgrade', 'migrate "$DATABASE_URL"', 'celery -A shop inspect ping', 'echo starting',
  'echo "starting on $PORT"', 'mkdir -p tmp/x', 'umask 022', 'cd sub', 'cd /tmp', 'quiet', "printf '%s\\n' starting", 'ulimit -n 1024',
  'echo "gunicorn app:none" >/dev/null', 'migrate >migrate.log 2>&1', 'migrate || true', 'sleep 0', ': ${X:=1}', 'test -d sub',
]

// dprint-ignore: a list of words
const tests: readonly string[] = [
  '[ -n "$DEBUG" ]', '[ -z "$DEBUG" ]', '[ "$ENV" = production ]', '[ "$ENV" != "dev" ]', '[ "x$ENV" = xdev ]', 'test "$SERVICE" = web',
  '[ "$DEBUG" = true ] || [ "$DEBUG" = 1 ]', '[ -n "$DEBUG" ] && [ "$ENV" = dev ]', '! [ -z "$WORKERS" ]', '[ ! -z "$WORKERS" ]',
  '[ -n "$DEBUG" -a "$ENV" = dev ]', '[ -z "$DEBUG" -o "$ENV" = dev ]', '[ "${WORKERS:-0}" -gt 4 ]', '[ "${PORT:-1}" -eq 8000 ]', '[ "$#" -gt 0 ]',
  '[ $# -eq 0 ]', '[ "$1" = web ]', '[ "${1#-}" != "$1" ]', '[ "${DEBUG:-}" ]', '[ $ENV ]', 'true', 'false', ':', '! true', '[ "${ENV:-dev}" = dev ]',
  '[ "${SERVICE%%-*}" = web ]', 'test -n "${NAME}"', '[ -z "${UNSET+x}" ]', '[ "$HOME" ]', '[ "a" = "a" ]', '[ 1 -lt 2 ]', '[ "$LIST" \\> "b" ]',
  '[ -d sub ]', 'quiet', 'migrate --check', '[ "$(nproc)" -gt 0 ]', '[ "$ENV" == dev ]', 'case $ENV in dev) true ;; *) false ;; esac',
]
// dprint-ignore: a list of words
const bashTests: readonly string[] = [
  '[[ -n "$DEBUG" ]]', '[[ -n $DEBUG && $ENV == dev ]]', '[[ "$ENV" == prod* ]]', '[[ $ENV != dev ]]', '(( ${WORKERS:-2} > 3 ))', '[[ $PORT =~ ^80 ]]',
  '[[ -z "$DEBUG" || "$ENV" = "dev" ]]', '[[ ! -n $WORKERS ]]', '[[ $PORT -gt 6000 ]]', '[[ $LIST ]]',
]

/** What commands stand in: `@` starts gunicorn, `%` does something else before, `?` is a test. */
const frames: readonly string[] = [
  '@',
  '@',
  '@',
  '@',
  'exec @',
  'exec @',
  'exec @',
  '% && @',
  '% && exec @',
  '% && % && exec @',
  '%; @',
  '%\n@',
  '%\n%\nexec @\n',
  'set -e\n%\nexec @',
  '@\n',
  '#!/bin/sh\nset -e\n\n# first\n%\n\n# then -w 9\nexec @\n',
  'set -eu\n%\n@',
  '\n  %\n  @\n',
  'set -e; %; exec @',
  '@ # gunicorn app:none',
  '@ 2>&1',
  '@ >out.log 2>&1',
  'if ?; then\n  @\nelse\n  @\nfi',
  'if ?; then @; fi',
  'if ?; then %; fi\nexec @',
  'if ?; then\n  exec @\nfi\nexec @',
  'if ?; then @; elif ?; then @; else @; fi',
  '? && @',
  '? || @',
  '? && @ || @',
  'if ! ?; then exit 0; fi; @',
  'if ?; then ARGS="-w 1"; else ARGS="-w 2 --preload"; fi\n@ $ARGS',
  'ARGS=; ? && ARGS=--reload; @ $ARGS',
  'set -e\n? && %\n@',
  'if ?; then\n  if ?; then @; fi\nelse\n  %\nfi',
  '{ ? && %; } ; @',
  '? && { %; @; }',
  '(? && @)',
  'if ? && ?; then @; fi',
  'while ?; do @; break; done',
  'case "$SERVICE" in\n  web) exec @ ;;\n  worker) exec celery worker ;;\n  *) exec @ ;;\nesac',
  'case $ENV in dev|test) @ --reload;; prod*) @;; esac',
  'case "${SERVICE:-web}" in (web*) @ ;; esac',
  'case "$1" in -*) set -- gunicorn "$@" ;; esac\n@ "$@"',
  'case $DEBUG in "") W=1 ;; [1-9]) W=2 ;; t?ue) W=3 ;; esac; @ -w $W',
  'case "$LIST" in *,*) @ ;; *\\ *) % ;; "one") @ ;; esac',
  'case "$NAME" in\n*"shop"*) @;;\nesac',
  'case "$ENV" in \'\') @ ;; ?*) @ ;; esac',
  'for i in 1 2 3; do migrate $i; done; @',
  'for i in 1; do @ -n "$i"; done',
  'for w in $LIST; do @ -n "$w"; done',
  'for i in; do @; done; @',
  'for arg in "$@"; do @ "$arg"; done',
  'for arg; do shift; set -- "$@" "$arg"; done; @ "$@"',
  'for m in a b; do export M=$m; done; @ -n "$M"',
  'for i in 1 2; do if [ $i = 2 ]; then @; fi; done',
  'until quiet; do sleep 1; done; @',
  'while ! quiet; do sleep 1; done\nexec @',
  'n=0\nuntil quiet || [ $n -ge 3 ]; do n=$((n+1)); sleep 1; done\n@',
  'while false; do @; done; @',
  'i=0; while [ $i -lt 2 ]; do i=$((i+1)); migrate $i; done; @ -w $i',
  'until true; do @; done; @',
  'while true; do @; break; done',
  'while :; do quiet && break; done; @',
  'start() { @; }\nstart',
  'start() { @ "$@"; }\nstart -w 2',
  'start() {\n  local w=$1\n  @ -w "$w"\n}\nstart 3',
  'run() { "$@"; }\nrun @',
  'main() { %; start; }\nstart() { exec @; }\nmain "$@"',
  'start() { ? || return 1; @; }; start',
  'log() { echo "$*"; }\nlog starting\nexec @',
  'unused() { @; }; @',
  'set_up() { export WEB_CONCURRENCY=5; W=7; }; set_up; @ -w $W',
  'start() { W=${1:-2}; @ -w $W; }; start; start 4',
  'start() ( cd sub && @ )\nstart',
  'die() { echo "$1" >&2; exit 1; }\n? || die no\n@',
  'function start { @; }\nstart',
  '( cd sub && @ )',
  '( %; exec @ )',
  '{ @; } 2>&1',
  '@ | collect',
  '@ 2>&1 | collect',
  '% | collect; @',
  '@ &\nwait',
  '@ & @ & wait',
  'celery worker & @',
  'celery worker &\nexec @',
  '@ & pid=$!; wait $pid',
  'trap : TERM INT; @',
  "trap 'kill $pid' TERM; @ & pid=$!; wait",
  "trap 'exit 0' TERM; @",
  'nginx && @',
  '%; @; @',
  '@ && @',
  'exec @ &\nwait',
  'sh <<EOF\n@\nEOF',
  "sh <<'EOF'\n%\nexec @\nEOF",
  'exec sh -e <<-EOF\n\t@\n\tEOF',
  'bash -s <<EOF\n@\nEOF',
  'sh -s -- -w 2 <<"EOF"\n@ "$@"\nEOF',
  'cat <<EOF\n@\nEOF\n@',
  'cat <<EOF | sh\n@\nEOF',
  "cat >note <<'EOF'\n$( gunicorn app:none\nEOF\n@",
  'eval "@"',
  "eval '@'",
  'eval exec @',
  'eval "set -- $LIST"; @ "$@"',
  'sh -c "@"',
  "sh -c '@'",
  "exec sh -c 'exec @'",
  "sh -ec '%; @' web -w 2",
  'bash -c \'@ "$@"\' -- -w 2',
  "env A=b sh -c '@'",
  'sh -c "sh -c \'@\'"',
  "timeout 20 sh -c '@'",
  'export WEB_CONCURRENCY=4; @',
  'export WORKERS=9 PORT=7000\n@',
  'WORKERS=9; @',
  'PORT=7001; @',
  'export PORT="${PORT:-8001}"\n@',
  'export GUNICORN_CMD_ARGS="--bind=0.0.0.0:$PORT --workers 2"; exec @',
  'GUNICORN_CMD_ARGS="$GUNICORN_CMD_ARGS -w 2"; @',
  'GUNICORN_CMD_ARGS="$GUNICORN_CMD_ARGS -w 2"; export GUNICORN_CMD_ARGS; @',
  'unset WEB_CONCURRENCY; @',
  'unset PORT GUNICORN_CMD_ARGS; @',
  'set -a; WEB_CONCURRENCY=6; set +a; @',
  'readonly W=3; @ -w $W',
  ': ${PORT:=8002}; export PORT; @',
  ': "${WORKERS:=8}"\n@',
  'A=1 B="$PORT" @',
  'export A=$PORT; A=2 @ -n $A',
  '. ./env.sh; @',
  '. ./env.sh && exec @',
  'source ./env.sh; @',
  'set -a\n. ./env.sh\nset +a\n@',
  'set -- -w 3 "$@"; @ "$@"',
  'set -- gunicorn -n x "$@"; exec "$@" %app',
  'shift; @ "$@"',
  '@ "$@"',
  '@ $@',
  '@ "$*"',
  '@ ${1:-} ${2:-}',
  '@ "${@}"',
  '@ ${1+"$@"}',
  'exec @ "$@"',
  '[ $# -gt 0 ] || set -- -w 2; @ "$@"',
  'if [ $# -eq 0 ]; then set -- -w 2; fi\n@ "$@"',
  'while getopts w:n: o; do case $o in w) W=$OPTARG ;; n) N=$OPTARG ;; esac; done; @ -w ${W:-2}',
  'read A B <<EOF\n1 2\nEOF\n@ -w $A',
  'IFS=,; set -- $LIST; unset IFS; @ "$@"',
  'IFS=, ; @ $LIST',
  'OLD=$IFS; IFS=,; for x in $LIST; do :; done; IFS=$OLD; @ -n "$x"',
  'set -f; @ --forwarded-allow-ips=*; set +f',
  '@ --name *.x',
  'command @',
  'command -v gunicorn >/dev/null && @',
  'exec -a web @',
  'type gunicorn >/dev/null 2>&1 || exit 1; @',
  'hash gunicorn; @',
  'builtin cd sub; @',
  'exec 2>&1; @',
  'exec >out.log; exec @',
  'W=$(nproc); @ -w $W',
  'W=$(( ${WORKERS:-1} * 2 + 1 )); exec @ -w "$W"',
  'W=$((W+1)); @ -w $W',
  'A="-w 3"; B="$A --preload"; @ $B',
  'A=a; A=${A}b; @ -n "$A"',
  "A='x y'; @ -n $A-z",
  'OPTS="-n \'my shop\'"; @ $OPTS',
  'NAME=${NAME:-shop}\nexec @ -n "$NAME-web"',
  'CMD="gunicorn -w 2"; $CMD %app',
  'CMD=gunicorn; exec "$CMD" -w 2 %app',
  'BIN=/usr/bin; "$BIN"/env @',
  'wait; @',
  'true && @ || %',
  '@ || exit 1',
  '! @',
  'false || @',
  'false && @; @',
  'exit 0; @',
  '%; exit; @',
  'exec celery worker; @',
  '@; exit $?',
  '@ \\\n',
  '@;',
  ' @ ',
  '%&&@',
  '\t%;\n\t@;',
  '@ <<EOF\nbody $PORT\nEOF',
  '@ </dev/null',
  '@\r\n%\r\n',
  '@ \\\r\n -w 2',
  'echo \\\n ok && \\\n @',
  'export X="a\nb"; @ -n "$X"',
  "echo 'it''s' \"fine\"; @",
]

/** What only bash takes. */
// dprint-ignore: a list of words
const bashFrames: readonly string[] = [
  'if ??; then @; else @; fi', '?? && @', '?? || @', 'set -euo pipefail\n%\nexec @', '@ -n ${ENV^^}', '@ -n "${NAME//\\"/}"', '@ -n "${ENV/dev/x}"', '@ -n "${DATABASE_URL:0:8}"', '@ -n "${ENV:0:3}"', "@ -n $'a\\tb'",
  'ARGS=(-w 2 -n "my shop"); @ "${ARGS[@]}"', 'ARGS=(); ARGS+=(-w 3); exec @ "${ARGS[@]}"', 'ARGS=(); ? && ARGS+=(--reload); exec @ "${ARGS[@]}"', 'ARGS=(-n "$NAME"); ARGS+=("--threads=${THREADS:-2}"); @ "${ARGS[@]}" -w 2', 'source ./env.sh; @', '@ <<< x', '@ &> out.log', '@ |& collect', '@ > >(collect)', 'for ((i=0; i<2; i++)); do migrate $i; done; @', 'declare -x WEB_CONCURRENCY=5; @', 'declare -r W=3; @ -w $W',
  'W=3; ((W++)); @ -w $W', 'let W=2+1; @ -w $W', "function start() { local w=${1:-2}; @ -w $w; }; start 4", 'W=1; W+=2; @ -w $W', 'shopt -s nullglob; @', 'mapfile -t A < /dev/null; @', 'select x in a; do :; done </dev/null; @', 'time @', 'coproc celery worker; @', '@ "${@:2}"', 'X=PORT; @ -n "${!X}"',
  'set -o pipefail; % | collect; @', 'BASH_ENV= @', '[[ $ENV == dev ]] && W=1 || W=2; @ -w $W', 'case $ENV in dev) W=1 ;& *) W=2 ;; esac; @ -w $W', 'printf -v W %s 3; @ -w $W', 'read -r A <<< 3; @ -w $A',
]

// dprint-ignore: a list of words
const wrappers: readonly string[] = [
  'env A=b', 'env GUNICORN_CMD_ARGS=--preload', 'env PORT=9000 WEB_CONCURRENCY="$THREADS"', 'nice', 'nice -n 5', 'timeout 20', 'timeout -s INT 20', 'opentelemetry-instrument', 'ddtrace-run', 'poetry run', 'tini --', 'tini -g --',
  'dumb-init', 'python -m', 'python3 -u -m', 'poetry run opentelemetry-instrument', 'env A=b nice', 'tini -- poetry run', 'nohup', 'stdbuf -oL', 'setsid',
]

// dprint-ignore: a list of words
const assignments: readonly string[] = [
  'A=b', 'WEB_CONCURRENCY=3', 'PORT=9000', 'GUNICORN_CMD_ARGS="-w 2"', 'FOO=1 BAR="a b"', 'GUNICORN_CMD_ARGS="$GUNICORN_CMD_ARGS --preload"', 'PORT=${PORT:-8000}', "GUNICORN_CMD_ARGS='--log-level debug'", 'FORWARDED_ALLOW_IPS=*', 'A=$(nproc)',
  'HOME=/tmp', 'PYTHONUNBUFFERED=1 WEB_CONCURRENCY=${WORKERS:-2}',
]

/** Programs that may fail, files that are looked for from another folder, and a comparison that depends on the language. */
const unsure = /\b(broken|die|command -v|type|hash)\b|cd [^]*\.\/(bin|env)|\\>/

class Generator {
  readonly #random: Random
  #starts = 0

  constructor(random: Random) {
    this.#random = random
  }

  script(): StartScript {
    const random = this.#random
    const variables = new Map(given.filter(([, share]) => random.chance(share)).map(([name, , values]) => [name, random.pick(values)]))
    const bashOnly = random.chance(0.12)
    const frame = random.pick(bashOnly ? bashFrames : frames)
    let text = this.#filled(frame)
    // Every third has more around it.
    if (random.chance(0.3)) text = this.#within(text)
    if (random.chance(0.1)) text = `${this.#filled(random.pick(frames.filter((other) => !/exec|exit|^!/.test(other))))}\n${text}`
    const parameters = random.chance(0.55) ? [] : random.pick([
      ['web'],
      ['web', '-w', '2'],
      ['sh', 'web'],
      ['--', '--preload', '--name', 'a b'],
      ['x', '-w', '2', ''],
      ['x', '-n', '*.x'],
      ['x', '-w', '3', '-n', "it's"],
    ])
    return { text, parameters, variables, bashOnly, calm: !unsure.test(text) }
  }

  #within(text: string): string {
    const step = this.#filled(
      this.#random.pick(['%', '%; %', 'export A=1', 'set -e', 'echo "$PORT"',
        `${this.#random.pick(names)}=${this.#random.pick(['7', '"a b"', ''])}`]),
    )
    return this.#random.pick([
      () => `${step}\n${text}`,
      () => `set -e\n${step}\n${text}`,
      () => `if ${this.#test()}; then\n${text}\nfi`,
      () => `# web\n${text}`,
      () => `{\n${text}\n}`,
      () => `if ${this.#test()}; then ${step}; else\n${text}\nfi`,
      () => `(\n${text}\n)`,
      () => `main() {\n${text}\n}\nmain "$@"`,
    ])()
  }

  #filled(frame: string): string {
    const random = this.#random
    // A test stands where `?` is a word of its own, or begins one that ends in `;`.
    return frame.replace(/%app|\?\?|(?<=^|[\s({])\?(?=[\s;]|$)|@|%(?=[\s;&]|$)/g, (hole, at: number) => {
      if (hole === '%app') return this.#application()
      if (hole === '??') return random.pick(bashTests)
      if (hole === '?') return this.#test()
      if (hole === '%') return random.pick(steps)
      if (frame[at - 1] === '$' || frame[at - 1] === '{' || /[\w[]/.test(frame[at - 1] ?? ' ')) return hole
      return this.#command(quotesAround(frame, at))
    })
  }

  #test(): string {
    return this.#random.pick(tests)
  }

  #application(): string {
    return `app${this.#starts++}:app`
  }

  /** A command that starts gunicorn; within quotes it holds none of them. */
  #command(quotes: string): string {
    const random = this.#random
    const pieces = [...random.some(options, random.below(4)), ...random.some(live, random.below(3))].filter((text) =>
      quotes === '' || !/["'`\\]/.test(text)
    )
    const application = this.#application()
    const written = quotes !== '' ? application
      : random.pick([application, application, application, `'${application}'`, `"${application}"`,
        quote(`${application.slice(0, -4)}:create("x")`)])
    const words = random.chance(0.5) ? [written, ...pieces] : [...pieces, written]
    const wrapper = random.chance(0.2) ? [random.pick(wrappers)] : []
    const assigned = random.chance(0.12) ? [random.pick(assignments)] : []
    const name = random.chance(0.92) ? 'gunicorn' : random.pick(['"gunicorn"', './bin/gunicorn', '${SERVER:-gunicorn}', "'gunicorn'"])
    const blank = quotes === '' && random.chance(0.1) ? ' \\\n    ' : ' '
    return [...(quotes === '' ? assigned : []), ...wrapper.filter((text) => quotes === '' || !text.includes('"')),
      quotes === '' ? name : 'gunicorn', ...words].join(blank)
  }
}

/** The quote that a place stands in, if any. */
function quotesAround(text: string, at: number): string {
  let open = ''
  for (const character of text.slice(0, at)) {
    if (open === '' && (character === '"' || character === "'")) open = character
    else if (character === open) open = ''
  }
  return open
}
