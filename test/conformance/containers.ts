/** Generated containers that start gunicorn, as people write them: what is fixed, run and compared. */
import { quote } from '../../src/shell/quote.ts'
import { assignments, behindArguments, expansions, parameters, redirections, scripts, shells, steps, unusual, usual,
  wrappers } from './container-words.ts'
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
  readonly sh: 'dash' | 'bash' | 'busybox'
  /** Calm scripts run as a rule one program after the other, and what they write can be compared, too. */
  readonly calm: boolean
  /** What the image starts where there is no command: the object does not tell. */
  readonly entryPoint?: readonly string[]
}

/**
 * As many containers as asked for, the same for the same seed. `config` is the path of a config file. With `variables`, more of
 * them set GUNICORN_CMD_ARGS, and to more than most people do.
 */
export function containers(seed: number, count: number, config: string, variables = false): Generated[] {
  const generator = new Generator(new Random(seed), config, variables)
  return Array.from({ length: count }, (_, index) =>
    // A fifth are scripts of every syntax there is, which say little of gunicorn.
    index % 5 === 4 ? generator.wildScript(seed * 100_000 + index) : generator.container())
}

/** As many containers as asked for that leave it to the image what is started. */
export function imageContainers(seed: number, count: number): Generated[] {
  const generator = new Generator(new Random(seed), '')
  return Array.from({ length: count }, () => generator.imageContainer())
}

class Generator {
  readonly #random: Random
  readonly #config: string
  readonly #variables: boolean
  #applications = 0

  constructor(random: Random, config: string, variables = false) {
    this.#random = random
    this.#config = config
    this.#variables = variables
  }

  container(): Generated {
    const { container, ...rest } = this.#environment()
    const words = this.#random.chance(0.35) ? this.#list() : this.#shell()
    return { ...rest, container: { ...container, ...this.#split(words) }, calm: true }
  }

  /** A container whose image starts gunicorn, with settings of its own now and then, or only with what it is told in `args`. */
  imageContainer(): Generated {
    const random = this.#random
    const application = this.#application()
    const args = random.some(usual, random.below(3)).flat()
    const own = random.chance(0.3) ? random.some(usual, 1).flat() : []
    const isNamed = random.chance(0.5)
    const rest = this.#environment()
    return {
      ...rest,
      container: { ...rest.container, ...(isNamed ? { args: [application, ...args] } : args.length > 0 ? { args } : {}) },
      entryPoint: ['gunicorn', ...own, ...(isNamed ? [] : [application])],
      calm: true,
    }
  }

  /** A script of the generator that the reading of scripts is tried with. */
  wildScript(seed: number): Generated {
    const { text, parameters: own, variables } = generate(seed)
    const sh = this.#random.pick(['dash', 'bash'] as const)
    const env = [...variables].map(([name, value]) => ({ name, value: value.replaceAll('$', '$$$$') }))
    return { container: { name: 'web', command: ['sh', '-c', text, ...own], env }, hidden: new Map(), sh, calm: false }
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
    const hide = (name: string, value: string): void => {
      env.push({ name, valueFrom: { configMapKeyRef: { name: 'settings', key: name } } })
      hidden.set(name, value)
    }
    if (random.chance(0.5)) env.push({ name: 'HOST', value: random.pick(['0.0.0.0', '127.0.0.1']) })
    if (random.chance(0.2)) env.push({ name: 'BASE', value: '90' })
    const based = env.at(-1)?.name === 'BASE' ? '$(BASE)80' : '3000'
    if (random.chance(0.4)) env.push({ name: 'PORT', value: random.pick(['8080', '5000', based]) })
    else if (random.chance(0.1)) hide('PORT', '7000')
    if (random.chance(0.4)) env.push({ name: 'WORKERS', value: random.pick(['6', '2']) })
    if (random.chance(0.2)) env.push({ name: 'OPTIONS', value: random.pick(['--preload', '-w 5 --threads 2', '', '--']) })
    if (random.chance(0.1)) env.push({ name: 'BIND', value: random.pick([':9', '127.0.0.1:9']) })
    if (random.chance(0.3)) hide('HOST_IP', '10.1.2.3')
    if (random.chance(0.2)) env.push({ name: 'GUNICORN_CMD_ARGS', value: this.#argumentsText() })
    if (random.chance(0.1)) env.push({ name: 'WEB_CONCURRENCY', value: '3' })
    if (random.chance(0.1)) env.push({ name: 'MODE', value: 'dev' })
    const server = random.pick(['gunicorn', 'gunicorn --threads 2', 'gunicorn app:app --'])
    if (random.chance(0.1)) env.push({ name: 'SERVER', value: server })
    if (this.#variables && random.chance(0.5))
      env.splice(random.below(env.length + 1), 0, { name: 'GUNICORN_CMD_ARGS',
        value: this.#argumentsText() + random.pick(behindArguments) })
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
    const separator = random.chance(0.1) ? ['--'] : []
    const application = this.#application()
    const settings = this.#settings(4)
    const words = random.pick([
      [application, ...settings],
      [...settings, application],
      [...settings, ...separator, application],
      [...settings, application, ...separator],
    ])
    return [...wrapper, 'gunicorn', ...words]
  }

  /** A shell with its script. */
  #shell(): string[] {
    const random = this.#random
    // The script starts what stands behind it.
    if (random.chance(0.05)) return [...random.pick(shells), `${random.pick(steps)}; exec "$@"`, '--', ...this.#list()]
    const script = this.#script(random.chance(0.15) ? 2 : 1)
    const behind = random.chance(0.15) ? random.pick(parameters) : []
    return [...random.pick(shells), random.chance(0.05) ? script.replaceAll('$', '$$$$') : script, ...behind]
  }

  #script(invocations: number): string {
    const random = this.#random
    const command = this.#command()
    const outer = random.chance(0.12) ? `${random.pick(['sh -c', 'eval', 'eval', 'exec bash -c'])} ${quote(command)}` : command
    const step = random.pick(steps)
    // A callback: `$&` and the like mean nothing here.
    const text = random.pick(scripts).replaceAll('%', () => step).replace('@', () => outer)
    if (invocations === 1) return text
    const first = text.trimEnd().replace(/\\$/, '').replace(/\bexec /g, '')
    return `${first}${/#.*$|EOT$/.test(first) ? '\n' : '; '}${this.#script(invocations - 1)}`
  }

  /** A command that starts gunicorn. */
  #command(): string {
    const random = this.#random
    const wrapper = random.chance(0.25) ? random.pick(wrappers).map((word) => this.#quoted(word)) : []
    const before = random.chance(0.2) ? [random.pick(assignments)] : []
    const name = random.chance(0.9) ? 'gunicorn' : random.pick(['"gunicorn"', 'guni\\corn', '$SERVER', '${SERVER:-gunicorn}'])
    const parts = this.#settings(4).map((word) => this.#quoted(word))
    for (let count = random.below(3); count > 0; count--) parts.splice(this.#afterSetting(parts), 0, random.pick(expansions))
    const application = random.chance(0.1) ? `"${this.#application()}"` : this.#application()
    if (random.chance(0.5)) parts.unshift(application)
    else parts.push(application)
    if (random.chance(0.1)) parts.splice(this.#afterSetting(parts), 0, '--')
    if (random.chance(0.2)) parts.splice(random.below(parts.length + 1), 0, random.pick(redirections))
    const blank = (): string => random.pick([' ', ' ', ' ', ' ', '  ', '\t', ' \\\n  '])
    return [...before, ...wrapper, name, ...parts].reduce((text, part) => text + blank() + part)
  }

  /** A place between settings, not between one and its value. */
  #afterSetting(parts: readonly string[]): number {
    const places = parts.flatMap((part, index) => (part.startsWith('-') ? [index] : []))
    return this.#random.pick([...places, parts.length])
  }

  /** A word as one of the many ways to write it; its `$(NAME)` stays for the kubelet. */
  #quoted(word: string): string {
    const isPlain = /^[\w@%+=:,./-]+$/.test(word)
    if (isPlain && this.#random.chance(0.8)) return word
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
