/** Scripts that may start gunicorn with something that it refuses, in ways that depend on what an object does not tell: made from a seed. */
import { Random } from './random.ts'

/** A container, and the worlds that its object allows. */
export interface Doubtful {
  readonly text: string
  readonly parameters: readonly string[]
  /** What the object tells of the environment. */
  readonly env: Readonly<Record<string, string>>
  /** The release that an annotation tells. */
  readonly release: string | undefined
  /** The image of another container of the Pod. */
  readonly sidecar: string | undefined
  /** The port that the container says it listens on. */
  readonly port: number | undefined
  readonly worlds: readonly World[]
}

/** What an object does not tell. */
export interface World {
  readonly shell: 'dash' | 'bash' | 'busybox'
  /** What the image sets. */
  readonly image: Readonly<Record<string, string>>
  /** The files that the working folder holds. */
  readonly files: readonly string[]
  /** The programs that fail. */
  readonly failing: readonly string[]
}

export const doubtful = (seed: number): Doubtful => new Generator(new Random(seed)).make()

/** What gunicorn refuses, or where it serves nobody; in some releases, or as variables are. */
// dprint-ignore: a list of words
const wrong: readonly string[] = [
  '-w x', '--workers=4x', '--nope', '-b', '-k nosuch', '-b :8x', '-b 127.0.0.1:8000', '--bind localhost:8000', '-w 0', '-w $W', '-w "$W"', '-k $KIND', '-k "$KIND"',
  '$OPTS', '${OPTS:---nope}', '${OPTS---nope}', '--no-control-socket', '--proxy-protocol', '-t abc', '-e novalue', '--workers=-1', '-w ${W:-x}', '-w ${W-x}', '-w ${W:+x}', '-b :$P',
  '-b :${P:-8x}', '-k eventlet', '"--workers 4"', '-c missing.py', '--config=$CONF', '-w $(cat flag)', '-w $(check && echo 4)', '-t $((W + 1))', '--log-level=$LEVEL',
]

const right: readonly string[] = ['-w 4', '-b :8000', '-b 0.0.0.0:8000', '-b [::]:8000', '-w ${W:-2}', '--threads 4', '-t 60',
  '-b :${P:-8000}', '--access-logfile -', '-k gthread', '-c /dev/null', '--preload', '-w 4 -w 2']

const applications: readonly string[] = ['shop:app', 'shop.wsgi', '"$APP"', '${APP:-shop:app}', '$APP']

/** `@` starts gunicorn, `%` does something else, `?` is a test. */
// dprint-ignore: a list of words
const frames: readonly string[] = [
  '@', 'exec @', '%; @', '% && exec @', 'if ?; then @; else @; fi', 'if ?; then exec @; fi; exec @', 'if ?; then @; fi', '? && exec @; exec @', '? || exec @; exec @', '@ || @',
  '@ || exec @', '@ && @', '@; @', '@ & @', '@ & exec @', '@ & wait', '@ & exec nginx', 'nginx; exec @', '% && @ || @', '! @ && @', 'if @; then :; else @; fi', 'while ! @; do @; done',
  'until ?; do check; @; break; done; exec @', 'case $MODE in web) exec @;; worker) exec celery;; *) exec @;; esac', 'case $MODE in "") @;; *) @;; esac', 'for w in $LIST; do @ && break; done',
  'for i in 1 2; do [ $i = 2 ] && exec @; done; @', 'start() { exec @; }; ? && start; exec @', 'start() { @ "$@"; }; start || start -w 4', 'f() { ? || return 1; @; }; f || @',
  "trap '@' EXIT; @", "eval '@' || @", 'eval "$SCRIPT"; exec @', '. ./env.sh; exec @', '[ -f env.sh ] && . ./env.sh; exec @', '[ -f flag ] && exec @; exec @', 'test -x ./run && exec ./run; exec @',
  'set -e; ?; exec @', 'set -e; % || @; @', '(@) || @', '(exec @); exec @', '{ @; } || { @; }', '@ | cat; exec @', "sh -c '@' || @", 'sh -c "@"; exec @', 'sh -e <<EOF || exec @\n@\nEOF',
  'if [ $# -gt 0 ]; then exec "$@"; fi; exec @', 'exec "${@:-gunicorn}"', 'set -- ${ARGS}; [ $# -eq 0 ] && exec @; exec "$@"', '$PRE @', 'exec $PRE @', '${PRE:-exec} @', 'CMD="@"; $CMD || exec @',
  'command -v gunicorn && exec @; exec @', '@; exit $?', 'exit 0; @', 'return 2>/dev/null; @', 'if false; then @; else @; fi', 'while :; do @ && break; sleep 0; break; done; @',
  'export GUNICORN_CMD_ARGS="$EXTRA"; exec @', 'GUNICORN_CMD_ARGS="-w x" @ || @', 'unset W P; exec @', ': ${W:=x}; exec @', 'W=${W:-x}; ? && W=4; exec @', '? && O="--nope" || O=; exec @ $O',
  'if ?; then O="-w x"; else O="-w 4"; fi; exec @ $O', 'O=; ? && O="-b"; @ $O || exec @', 'alias g=gunicorn; @', 'gunicorn() { command gunicorn -w 4 -b :8000 shop:app; }; @',
  'nohup @ & exec celery', '@ & sleep 0; exec nginx', 'celery & exec @', 'service nginx start; exec @', '? && cd sub; exec @', 'cd sub && exec @', '@ --check-config; exec @', '@ --version && exec @',
  'if ?; then @; elif ?; then exec @; else @; fi', 'while :; do @; sleep 0; break; done', 'case "$MODE" in web) mkdir -p tmp; @;; *) @;; esac', '? || exit 0; @', 'until ?; do @; break; done; @',
  'env W=x sh -c "exec @"', 'timeout 5 @ || @', 'test -n "$W" || exit 1; exec @', 'if ! ?; then exit 0; fi; exec @', '[ "$W" = 4 ] || W=x; exec @', '${W:+exec} @; exec @',
]

// dprint-ignore: a list of words
const tests: readonly string[] = [
  '[ -z "$MODE" ]', '[ -n "$MODE" ]', '[ "$MODE" = web ]', '[ -f flag ]', '[ -d sub ]', 'check', '! check', 'migrate --check', 'true', 'false', '[ "${W:-x}" = x ]', 'test -e gunicorn.conf.py',
  '[ -f flag ] && check', '[ -f flag ] || check', '[ $W -gt 2 ]', 'grep -q x flag', '[ $MODE == web ]', '[ -f /nowhere ]', '[ "$KNOWN" = yes ]', '[ "$KNOWN" != yes ]',
]

const steps: readonly string[] = ['migrate', 'check', 'echo starting', 'mkdir -p tmp', 'python manage.py migrate', 'true', 'cd .',
  'sleep 0', 'nginx', 'celery status', 'cat flag']

/** What the image may set, of what the object does not tell. */
const hidden: Readonly<Record<string, readonly string[]>> = {
  W: ['', '4', 'x', '2'],
  P: ['', '8000', '8x'],
  KIND: ['', 'gthread', 'nosuch'],
  OPTS: ['', '--preload', '--nope', '-w 3'],
  MODE: ['', 'web', 'worker'],
  APP: ['', 'shop:app'],
  CONF: ['', '/dev/null'],
  LEVEL: ['', 'info', 'nope'],
  LIST: ['', 'a b'],
  SCRIPT: ['', 'W=4', 'exec gunicorn -b :8000 shop:app'],
  ARGS: ['', 'gunicorn -b :8000 shop:app'],
  PRE: ['', 'exec', 'nice', 'exec nice'],
  EXTRA: ['', '-w 3', '--nope'],
}

class Generator {
  readonly #random: Random

  constructor(random: Random) {
    this.#random = random
  }

  make(): Doubtful {
    const random = this.#random
    const text = random.pick(frames).replaceAll(/[@?%]/g,
      (mark) => (mark === '@' ? this.#gunicorn() : random.pick(mark === '?' ? tests : steps)))
    const env: Record<string, string> = {}
    for (const [name, values] of Object.entries(hidden))
      if (!/^(SCRIPT|ARGS|PRE)$/.test(name) && random.chance(0.12)) env[name] = random.pick(values)
    if (random.chance(0.5)) env['KNOWN'] = random.pick(['yes', 'no'])
    if (random.chance(0.15)) env['PORT'] = random.pick(['8080', ''])
    return {
      text,
      parameters: random.chance(0.2) ? ['sh', ...random.pick([['gunicorn', '-b', ':8000', 'shop:app'], ['-w', '4'], ['celery']])] : [],
      env,
      release: random.chance(0.5) ? random.pick(['20.0.4', '20.1.0', '23.0.0', '27.0.1']) : undefined,
      sidecar: random.chance(0.15) ? random.pick(['nginx:1', 'fluent-bit']) : undefined,
      port: random.chance(0.2) ? 8000 : undefined,
      worlds: Array.from({ length: 8 }, (_, index) => this.#world(index)),
    }
  }

  #gunicorn(): string {
    const random = this.#random
    const words = [...random.some(right, random.below(3)), ...(random.chance(0.6) ? [random.pick(wrong)] : [])]
    const application = random.chance(0.06) ? '' : random.chance(0.8) ? random.pick(applications.slice(0, 2)) : random.pick(applications)
    return ['gunicorn', ...(random.chance(0.5) ? [application, ...words] : [...words, application])].filter((word) => word !== '').join(' ')
  }

  #world(index: number): World {
    const random = this.#random
    const image: Record<string, string> = {}
    // One world in which nothing is there, and one in which all is well.
    const share = index === 0 ? 0 : index === 1 ? 1 : random.next()
    for (const [name, values] of Object.entries(hidden))
      if (random.chance(share)) image[name] = index === 1 ? (values[1] ?? '') : random.pick(values)
    const some = (all: readonly string[], chance: number): string[] => all.filter(() => random.chance(chance))
    return {
      shell: random.pick(['dash', 'bash', 'busybox']),
      image,
      files: index === 0 ? [] : index === 1 ? ['flag', 'env.sh', 'gunicorn.conf.py'] : some(['flag', 'env.sh', 'gunicorn.conf.py'], 0.5),
      failing: index < 2 ? [] : some(['check', 'migrate', 'python', 'celery'], 0.4),
    }
  }
}
