/** Generated containers that start gunicorn, as people write them: what is fixed, run and compared. */
import { quote } from '../../src/shell/quote.ts'
import { Random } from './random.ts'
import { generate } from './shell-scripts.ts'

export interface EnvVar {
  readonly name: string
  readonly value?: string
  readonly valueFrom?: object
}

export interface Container {
  readonly name: string
  readonly command?: readonly string[]
  readonly args?: readonly string[]
  readonly env?: readonly EnvVar[]
  readonly envFrom?: readonly object[]
  readonly ports?: readonly { readonly containerPort: number }[]
}

export interface Generated {
  readonly container: Container
  /** What `valueFrom` and `envFrom` hold, by the variable's name: the object does not tell. */
  readonly hidden: ReadonlyMap<string, string>
  /** The shell that `sh` is. */
  readonly sh: 'dash' | 'bash'
  /** Calm scripts run one program after the other, and what they write can be compared, too. */
  readonly calm: boolean
}

/** As many containers as asked for, the same for the same seed. `config` is the path of a config file. */
export function containers(seed: number, count: number, config: string): Generated[] {
  const generator = new Generator(new Random(seed), config)
  // A fifth are scripts of every syntax there is, which say little of gunicorn.
  return Array.from({ length: count }, (_, index) => (index % 5 === 4 ? generator.wildScript(seed * 100_000 + index) : generator.container()))
}

/** Settings as a list holds them. The first half is what containers have as a rule. */
const usual: readonly (readonly string[])[] = [
  ['-w', '2'], ['--workers', '3'], ['-w4'], ['--workers=8'], ['-b', '0.0.0.0:8000'], ['-b', ':8000'], ['--bind=0.0.0.0:5000'],
  ['-b', ':$(PORT)'], ['--bind', '0.0.0.0:$(PORT)'], ['--bind=[::]:$(PORT)'], ['-b', '127.0.0.1:8000'], ['-k', 'gthread'],
  ['--threads', '4'], ['--timeout', '120'], ['--access-logfile', '-'], ['--error-logfile', '-'], ['--log-file=-'], ['--log-level', 'info'],
  ['--preload'], ['--max-requests', '1000'], ['--name', 'shop'], ['-c', '/dev/null'],
]
const unusual: readonly (readonly string[])[] = [
  ['-b', ':$PORT'], ['--bind=0.0.0.0:${PORT}'], ['-b127.0.0.1:$(PORT)'], ['-b', 'localhost:80'], ['--bind=[::1]:80'], ['-b', 'unix:/tmp/x y.sock'],
  ['-b', '127.0.0.1:1', '-b', 'localhost:2'], ['-b', ':1', '--bind', '127.0.0.1:2'], ['-b', 'tcp://127.0.0.1:5'], ['-b', ' 127.0.0.1:80 '], ['-b', '$(HOST):$(PORT)'],
  ['--workers', '$(WORKERS)'], ['--workers 4'], ['--bind 0.0.0.0:80'], ['--bind $(HOST):80'], ['-w 4'], ['--access-logfile', '/tmp/access.log'],
  ['--error-logfile=/tmp/it\'s $here'], ['--access-logformat', '%(h)s "%(r)s" it\'s $1'], ['--access-logformat=-'], ['--log-config', '/etc/log.ini'],
  ['--log-syslog'], ['--name', 'my "app" $$ $(NAME)'], ['-e', 'A=b c'], ['--chdir', '/tmp'], ['--forwarded-allow-ips', '*'],
  ['--statsd-host', '$(HOST_IP):8125'], ['--worker-tmp-dir', '/dev/shm'], ['--check-config'], ['--version'], ['-w', 'x'], ['--port', '80'],
  ['--worker-cl', 'gevent'], ['-Dw3'], ['--paste', 'shop.ini'], ['--access-logfile', ''], ['-b', ''], ['--workers', '-1'],
]

/** What only a script has: it stands there as it is. */
const expansions = [
  '-b :$PORT', '-b ":$PORT"', '--bind=0.0.0.0:${PORT}', '--bind "0.0.0.0:${PORT:-8000}"', '-b "127.0.0.1:$PORT"', '-b :"$PORT"', '-w $WORKERS',
  '-w ${WORKERS:-3}', '--workers "$((1 + 1))"', '-w $(nproc)', '-w `nproc`', '$OPTIONS', '${OPTIONS:-}', '"$@"', '--name "a  $HOST"', "-e A=$'x'", '-b $BIND',
  "--access-logfile ''/tmp/a.log", '--access-logf"ile" /tmp/a\\ b', "-b '127.0.0.1':80", '--bin\\d=127.0.0.1:\'8\'0', '-b 127.0.0.1:80"00"', '-\\\nw 2', '"-"w 2',
]

/** Programs that start the rest of their words; the last of each starts gunicorn by itself. */
const wrappers: readonly (readonly string[])[] = [
  ['env', 'A=b'], ['env', 'A=b', 'C=d e'], ['env', 'GUNICORN_CMD_ARGS=--threads 2'], ['env', 'PORT=9000'], ['nice', '-n', '5'], ['timeout', '60'],
  ['opentelemetry-instrument'], ['ddtrace-run'], ['poetry', 'run'], ['tini', '--'], ['tini', '-g', '--'], ['dumb-init'], ['python', '-m'],
  ['python3', '-u', '-m'],
]
const assignments = ['A=b', 'A="b c" D=e', 'GUNICORN_CMD_ARGS="-w 2"', 'WEB_CONCURRENCY=3', 'PORT=9000', "GUNICORN_CMD_ARGS='--log-level debug --bind :1'"]
const redirections = ['>out.log', '2>&1', '>>out.log 2>&1', '</dev/null', '2>err.log', '> "out 1.log"', '1>&2']
const migrations = ['python manage.py migrate --noinput', 'migrate', 'migrate "$PORT" it\\\'s', 'flask db upgrade', "python -c 'print(\"-w $A\")'", 'migrate ${PORT:-none}']

/** What a command of gunicorn stands in; `@` is the command, and `%` a step before it. */
const scripts: readonly string[] = [
  '@', '@\n', '% && @', '% && exec @', '%; @', '%\n@', 'set -e\n%\n\n# start -w 9\n@\n', 'exec @', 'exec @  # web: gunicorn -w 1', '@ # end',
  'cd sub && @', 'if [ -n "$DEBUG" ]; then flask run; else @; fi', 'if %; then\n  exec @\nfi', 'case "$MODE" in dev) flask run ;; *) @ ;; esac',
  '% || exit 1; @', '( @ )', '{ @; }', '@ | collect', '@ 2>&1 | collect -a', '@ && %', '@; %', 'for i in 1 2; do migrate "$i"; done; @',
  'start() { @; }\nstart', 'cat <<EOT >note\n-w 3 gunicorn $PORT\nEOT\n@', '@ <<EOT\nbody $PORT\nEOT', 'export WORKERS=5; @', ': "${PORT:=8000}"; @',
  'export PORT=${PORT:-8001}\n@', 'echo "gunicorn app:none -w 2" >note; @', '! broken && @', 'broken || @', 'command @', '@ \\\n', 'set -- -w 2; @', "trap 'migrate bye' EXIT; @",
  'OPTIONS="-w 7 --preload"; @', 'while [ ! -f done ]; do : >done; done; @', '@ &\nwait', 'celery worker & @', 'umask 022; exec @', '[ -d sub ] && @ || broken',
]

class Generator {
  readonly #random: Random
  readonly #config: string
  #applications = 0

  constructor(random: Random, config: string) {
    this.#random = random
    this.#config = config
  }

  container(): Generated {
    const environment = this.#environment()
    return { ...environment, container: { ...environment.container, ...this.#split(this.#random.chance(0.35) ? this.#list() : this.#shell()) }, calm: true }
  }

  /** A script of the generator that the reading of scripts is tried with. */
  wildScript(seed: number): Generated {
    const { text, parameters, variables } = generate(seed)
    const sh = this.#random.pick(['dash', 'bash'] as const)
    const env = [...variables].map(([name, value]) => ({ name, value: value.replaceAll('$', '$$$$') }))
    return { container: { name: 'web', command: ['sh', '-c', text, ...parameters], env }, hidden: new Map(), sh, calm: false }
  }

  /** The words stand in `command`, in `args`, or in both. */
  #split(words: readonly string[]): Pick<Container, 'command' | 'args'> {
    const at = this.#random.pick([words.length, words.length, words.length, 1, 2, 0])
    return { ...(at > 0 ? { command: words.slice(0, at) } : {}), ...(at < words.length ? { args: words.slice(at) } : {}) }
  }

  #environment(): Omit<Generated, 'calm'> {
    const random = this.#random
    const hidden = new Map<string, string>()
    const env: EnvVar[] = []
    if (random.chance(0.5)) env.push({ name: 'HOST', value: random.pick(['0.0.0.0', '127.0.0.1']) })
    if (random.chance(0.2)) env.push({ name: 'BASE', value: '90' })
    if (random.chance(0.4)) env.push({ name: 'PORT', value: random.pick(['8080', '5000', env.at(-1)?.name === 'BASE' ? '$(BASE)80' : '3000']) })
    else if (random.chance(0.1)) this.#hide(hidden, env, 'PORT', '7000')
    if (random.chance(0.4)) env.push({ name: 'WORKERS', value: random.pick(['6', '2']) })
    if (random.chance(0.2)) env.push({ name: 'OPTIONS', value: random.pick(['--preload', '-w 5 --threads 2', '']) })
    if (random.chance(0.1)) env.push({ name: 'BIND', value: random.pick([':9', '127.0.0.1:9']) })
    if (random.chance(0.3)) this.#hide(hidden, env, 'HOST_IP', '10.1.2.3')
    if (random.chance(0.2)) env.push({ name: 'GUNICORN_CMD_ARGS', value: this.#argumentsText() })
    if (random.chance(0.1)) env.push({ name: 'WEB_CONCURRENCY', value: '3' })
    if (random.chance(0.1)) env.push({ name: 'MODE', value: 'dev' })
    const envFrom = random.chance(0.06) ? [{ configMapRef: { name: 'settings' } }] : undefined
    if (envFrom) hidden.set(random.pick(['EXTRA', 'PORT', 'WEB_CONCURRENCY', 'GUNICORN_CMD_ARGS']), '3')
    const container: Container = {
      name: 'web',
      ...(env.length > 0 || random.chance(0.2) ? { env } : {}),
      ...(envFrom ? { envFrom } : {}),
      ...(random.chance(0.4) ? { ports: [{ containerPort: 8000 }] } : {}),
    }
    return { container, hidden, sh: random.pick(['dash', 'bash']) }
  }

  #hide(hidden: Map<string, string>, env: EnvVar[], name: string, value: string): void {
    env.push({ name, valueFrom: { configMapKeyRef: { name: 'settings', key: name } } })
    hidden.set(name, value)
  }

  #argumentsText(): string {
    const words = this.#settings(2).filter((word) => !/[()$]/.test(word))
    return words.map((word) => (/^[\w.:=/-]+$/.test(word) ? word : `'${word.replaceAll("'", `'"'"'`)}'`)).join(' ')
  }

  /** The words of a few settings, each at most once. */
  #settings(most: number): string[] {
    const random = this.#random
    const count = random.below(most + 1)
    const config = random.chance(0.04) ? [['-c', this.#config]] : []
    return [...random.some(random.chance(0.7) ? usual : [...usual, ...unusual], count), ...config].flat()
  }

  #application(): string {
    return `app${this.#applications++}:app`
  }

  /** A command line that no shell reads. */
  #list(): string[] {
    const random = this.#random
    const wrapper = random.chance(0.3) ? random.pick(wrappers) : []
    const application = this.#application()
    const settings = this.#settings(4)
    const words = random.pick([[application, ...settings], [...settings, application], [...settings, ...(random.chance(0.3) ? ['--'] : []), application]])
    return [...wrapper, 'gunicorn', ...words]
  }

  /** A shell with its script. */
  #shell(): string[] {
    const random = this.#random
    const shell = random.pick([['sh', '-c'], ['sh', '-c'], ['/bin/sh', '-c'], ['bash', '-c'], ['sh', '-ec'], ['bash', '-e', '-c'], ['tini', '--', 'sh', '-c'], ['env', 'A=b', 'bash', '-c']])
    const script = this.#script(random.chance(0.15) ? 2 : 1)
    const parameters = random.chance(0.15) ? random.pick([['web'], ['web', '-w', '2'], ['--', '--preload', '--name', 'a b']]) : []
    return [...shell, random.chance(0.05) ? script.replaceAll('$', '$$$$') : script, ...parameters]
  }

  #script(invocations: number): string {
    const random = this.#random
    const command = this.#command()
    const outer = random.chance(0.08) ? `${random.pick(['sh -c', 'eval', 'exec bash -c'])} ${quote(command)}` : command
    const step = random.pick(migrations)
    // A callback: `$&` and the like mean nothing here.
    const text = random.pick(scripts).replace('@', () => outer).replaceAll('%', () => step)
    if (invocations === 1) return text
    const first = text.trimEnd().replace(/\\$/, '').replace(/\bexec /g, '')
    return `${first}${/#.*$|EOT$/.test(first) ? '\n' : '; '}${this.#script(invocations - 1)}`
  }

  /** A command that starts gunicorn. */
  #command(): string {
    const random = this.#random
    const wrapper = random.chance(0.25) ? random.pick(wrappers).map((word) => this.#quoted(word)) : []
    const before = random.chance(0.2) ? [random.pick(assignments)] : []
    const parts = this.#settings(4).map((word) => this.#quoted(word))
    for (let count = random.below(3); count > 0; count--) {
      const expansion = random.pick(expansions)
      parts.splice(this.#afterSetting(parts), 0, expansion)
    }
    const application = random.chance(0.1) ? `"${this.#application()}"` : this.#application()
    if (random.chance(0.5)) parts.unshift(application)
    else parts.push(application)
    if (random.chance(0.2)) parts.splice(random.below(parts.length + 1), 0, random.pick(redirections))
    return [...before, ...wrapper, 'gunicorn', ...parts].reduce((text, part) => text + random.pick([' ', ' ', ' ', ' ', '  ', '\t', ' \\\n  ']) + part)
  }

  /** A place between settings, not between one and its value. */
  #afterSetting(parts: readonly string[]): number {
    const places = parts.flatMap((part, index) => (part.startsWith('-') ? [index] : []))
    return this.#random.pick([...places, parts.length])
  }

  /** A word as one of the many ways to write it; its `$(NAME)` stays for the kubelet. */
  #quoted(word: string): string {
    const isPlain = /^[\w@%+=:,./()$-]+$/.test(word) && !word.includes('(')
    if (isPlain && !word.includes('$') && this.#random.chance(0.8)) return word
    if (/\$[({]/.test(word)) return `"${word.replace(/["\\`]/g, '\\$&')}"`
    return this.#random.pick([
      quote(word),
      `'${word.replaceAll("'", `'\\''`)}'`,
      `"${word.replace(/["$`\\]/g, '\\$&')}"`,
      word === '' ? '""' : word.replace(/[^\w@%+=:,./-]/g, '\\$&'),
      `${word.slice(0, 1).replace(/\W/, '\\$&')}"${word.slice(1).replace(/["$`\\]/g, '\\$&')}"`,
    ])
  }
}
