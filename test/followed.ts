/** A case of a rule's fixture, and what a reader may change of it. */
import type { Finding } from '../src/finding.ts'
import { podOf, type Case } from './rule-fixture.ts'

interface Part {
  name: string
  command?: string[]
  args?: string[]
  env?: { name: string; value?: string; valueFrom?: unknown }[]
  [key: string]: unknown
}

interface Pod {
  metadata: { annotations?: Record<string, string> }
  spec: { containers: Part[]; initContainers?: Part[]; template?: { spec: Pod['spec'] }; [key: string]: unknown }
}

/** A case as it is once a remedy of a finding is followed. */
export class Followed {
  readonly object: Pod
  files: Record<string, string>
  readonly #finding: Finding

  constructor(one: Case, finding: Finding) {
    this.object = structuredClone(podOf(one)) as Pod
    this.files = { ...one.files }
    this.#finding = finding
  }

  get spec(): Pod['spec'] {
    return this.object.spec.template?.spec ?? this.object.spec
  }

  get container(): Part {
    const { containers, initContainers = [] } = this.spec
    const found = [...initContainers, ...containers].find(({ name }) => name === this.#finding.container)
    if (!found) throw new Error(`there is no container ${this.#finding.container}`)
    return found
  }

  get isList(): boolean {
    return this.#finding.invocation?.form === 'exec'
  }

  /** The list and the index of the element that the finding points at; undefined where it points at none. */
  get #element(): readonly [string[], number] | undefined {
    const { path } = this.#finding.place
    const at = path.findIndex((step) => step === 'command' || step === 'args')
    const [list, index] = [this.container[String(path[at])], path[at + 1]]
    return at < 0 || !Array.isArray(list) || typeof index !== 'number' ? undefined : [list as string[], index]
  }

  /** Writes a text in place of the value that the finding shows. */
  write(text: string): void {
    const value = String(this.#finding.value)
    const told = /\(([^()]*), line (\d+)\)/.exec(this.#finding.message)
    if (told) return this.#writeInFile(value, text, Number(told[2]))
    const element = this.#element
    if (!element) return this.#writeInVariables(value, text)
    const [list, index] = element
    const words = text.split(' ')
    const written = list[index] ?? ''
    // What a variable holds is shown expanded.
    if (!written.includes(value)) list[index] = `${/^(?:--[\w-]+=|-[A-Za-z] )/.exec(written)?.[0] ?? ''}${text}`
    else if (written !== value) list[index] = written.replace(value, () => text)
    else if ((value.startsWith('-') || text.startsWith('--')) && words.length > 1)
      list.splice(index, !value.startsWith('-') || value.includes('=') || value.includes(':') ? 1 : 2, ...words)
    // The value alone, of an option in one element with it.
    else list[index] = text.startsWith('-') ? text : `${/^--[\w-]+=/.exec(written)?.[0] ?? ''}${text}`
  }

  #writeInVariables(value: string, text: string): void {
    const holders = (this.container.env ?? []).filter((variable) => variable.value?.includes(value))
    const script = [this.container.command, this.container.args].find((list) => list?.some((one) => one.includes(value)))
    if (holders.length === 0 && script) script.forEach((one, index) => void (script[index] = one.replace(value, () => text)))
    for (const variable of holders) variable.value = variable.value?.replace(value, () => text) ?? ''
  }

  #writeInFile(value: string, text: string, line: number): void {
    this.files = Object.fromEntries(
      Object.entries(this.files).map((
        [path, content],
      ) => [path, content.split('\n').map((one, index) => (index + 1 === line ? one.replace(value, () => text) : one)).join('\n')]),
    )
  }

  /** Leaves out what the finding shows, with the value behind it where `withValue`. */
  remove(withValue = false): void {
    const element = this.#element
    const value = String(this.#finding.value)
    if (element && element[0][element[1]] === value) {
      const [list, index] = element
      const before = withValue && list[index - 1]?.startsWith('-') ? 1 : 0
      list.splice(index - before, 1 + before)
    } else this.write('')
  }

  /** Leaves out an option wherever it stands, by any of its names. */
  drop(...names: readonly string[]): void {
    const pattern = new RegExp(`(^|\\s)(${names.join('|')})(?=\\s|=|$)`)
    for (const list of [this.container.command, this.container.args])
      for (const [index, one] of [...(list?.entries() ?? [])].toReversed())
        if (names.includes(one) || names.some((name) => one.startsWith(`${name}=`))) list?.splice(index, 1)
        else if (list) list[index] = one.replace(new RegExp(pattern, 'g'), '')
    for (const variable of this.container.env ?? [])
      if (variable.value) variable.value = variable.value.replace(new RegExp(pattern, 'g'), '')
  }

  /** Adds words behind the program. */
  add(...words: readonly string[]): void {
    const { container } = this
    const lists = [container.command, container.args]
    const list = lists.find((one) => one?.some((word) => /(^|\/)gunicorn(\.app\.wsgiapp)?$/.test(word)))
    if (list && this.isList) list.splice(list.findLastIndex((word) => /(^|\/)gunicorn(\.app\.wsgiapp)?$/.test(word)) + 1, 0, ...words)
    else if (this.isList) (container.args ??= []).unshift(...words)
    else for (const one of lists)
        one?.forEach((text, index) =>
          void (one[index] = text.replace(/(gunicorn(\.app\.wsgiapp)?)(?=\s|$)(?!.*gunicorn)/s, (program) =>
            `${program} ${words.map(quoted).join(' ')}`))
        )
  }

  /** Changes the script, or the element, that the finding points at. */
  rewrite(change: (text: string) => string): void {
    const element = this.#element
    if (!element) throw new Error('the finding points at no element')
    element[0][element[1]] = change(element[0][element[1]] ?? '')
  }

  /** Puts other elements in place of as many as `count`, from the one on that the finding points at. */
  replace(elements: readonly string[], count = 1): void {
    const element = this.#element
    if (!element) throw new Error('the finding points at no element')
    element[0].splice(element[1], count, ...elements)
  }

  /** Leaves out the lines of the config file that set a name, or puts another text there. */
  assign(name: string, line = ''): void {
    this.files = Object.fromEntries(
      Object.entries(this.files).map(([path, text]) => [path, text.replace(new RegExp(`^${name} = .*$`, 'm'), line)]),
    )
  }

  /** Sets a field of the object. */
  set(path: readonly (string | number)[], value: unknown): void {
    let at = this.object as unknown as Record<string | number, unknown>
    for (const step of path.slice(0, -1)) at = at[step] as Record<string | number, unknown>
    at[path.at(-1) ?? ''] = value
  }

  define(name: string, value: string, anew = false): void {
    const env = (this.container.env ??= [])
    const known = env.find((variable) => variable.name === name)
    if (known) env.splice(env.indexOf(known), 1)
    env.unshift(known && !anew ? known : { name, value })
  }

  /** A requirement in place of those of the same distribution. */
  require(requirement: string): void {
    const [name = ''] = /^[\w-]+/.exec(requirement) ?? []
    this.annotate('paddock.dev/requirements',
      (text = '') => [...text.split('\n').filter((line) => !new RegExp(`^${name}(\\[|[^\\w-]|$)`).test(line)), requirement].join('\n'))
  }

  annotate(key: string, change: (text: string | undefined) => string): void {
    const annotations = (this.object.metadata.annotations ??= {})
    annotations[key] = change(annotations[key])
  }
}

export const quoted = (word: string): string => (/^[\w@%+=:,./$-]+$/.test(word) ? word : `'${word}'`)
