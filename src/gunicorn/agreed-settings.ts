/** What the releases that a gunicorn may be of make of its command line, taken together. Pure. */
import type { Word } from '../shell/word.ts'
import type { Value } from './catalogue/release-file.ts'
import type { ConfigFile } from './config-file.ts'
import { unknownSetting, type Entry, type Reading, type Setting, type StartProblem } from './settings.ts'

/** An invocation's settings: what all the releases that it may be of, and that do not refuse it, agree on. */
export class AgreedSettings {
  readonly readings: readonly Reading[]
  readonly #starting: readonly Reading[]
  #merged: Map<string, Setting | undefined> | undefined
  #problems: readonly StartProblem[] | undefined
  readonly #alternatives: number

  /** @param alternatives of how many command lines they are, of which any may be the one: each read by all the releases, one after the other */
  constructor(readings: readonly Reading[], alternatives = 1) {
    this.readings = readings
    this.#alternatives = alternatives
    const starting = readings.filter((reading) => reading.problems.length === 0)
    this.#starting = starting.length > 0 ? starting : readings
  }

  /** A setting; undefined where no release has one of that name. Its value is undefined where it is unknown. */
  get(name: string): Setting | undefined {
    if (this.#starting.length === 1) return this.#starting[0]?.get(name)
    this.#merged ??= new Map()
    if (!this.#merged.has(name)) this.#merged.set(name, merge(this.#starting.flatMap((reading) => reading.get(name) ?? [])))
    return this.#merged.get(name)
  }

  /** The value of a setting, where it is known. */
  value(name: string): Value | undefined {
    return this.get(name)?.value
  }

  /** The entries of a setting that are known, with where they come from; none where it has its default. */
  entries(name: string): readonly Entry[] {
    const entries = this.get(name)?.entries
    return entries === undefined || entries.length === 0 ? noEntries : entries.filter((entry) => entry.value !== undefined)
  }

  /** Whether anything sets it: `unknown` where something that cannot be seen may. */
  isSet(name: string): 'yes' | 'no' | 'unknown' {
    if (this.#starting.length === 1 && this.#starting[0]?.isLeft(name)) return 'no'
    const setting = this.get(name)
    if (!setting || setting.source === 'default') return 'no'
    return setting.entries.length > 0 ? 'yes' : 'unknown'
  }

  /** The config file that is read, where it was at hand. */
  get configFile(): ConfigFile | undefined {
    return this.readings[0]?.configFile?.file
  }

  /** The word that names it, where one of the invocation's own does. */
  get configWord(): Word | undefined {
    return this.readings[0]?.configFile?.word
  }

  /** Why gunicorn refuses to start. */
  get problems(): readonly StartProblem[] {
    return (this.#problems ??= this.#problemsOfEach())
  }

  /** Of several command lines, what is wrong with all of them. */
  #problemsOfEach(): readonly StartProblem[] {
    if (this.#alternatives === 1) return this.readings.flatMap((reading) => reading.problems)
    const size = this.readings.length / this.#alternatives
    const [first = [], ...others] = Array.from({ length: this.#alternatives },
      (_, index) => this.readings.slice(index * size, (index + 1) * size))
    return first.flatMap(({ problems }, release) =>
      problems.filter(({ message }) => others.every((other) => other[release]?.problems.some((problem) => problem.message === message)))
    )
  }

  /** True where gunicorn serves: it does not end at once (`--version`), nor after a check of its configuration. */
  get serves(): boolean {
    return this.#starting.every((reading) =>
      reading.exits === undefined && !isTrue(reading, 'check_config') && !isTrue(reading, 'print_config')
    )
  }

  /** Why gunicorn ends at once, where it surely does, without a fault: it has been asked for something to be printed, or checked. */
  get ends(): 'help' | 'version' | 'check' | undefined {
    const [first, ...others] = this.#starting.map((reading) =>
      reading.exits ?? (isTrue(reading, 'check_config') || isTrue(reading, 'print_config') ? 'check' as const : undefined)
    )
    return others.every((other) => other === first) ? first : undefined
  }

  /** The application; null where it is unknown, undefined where there is none. */
  get application(): string | null | undefined {
    const [first, ...others] = this.#starting.map((reading) => (reading.application ? reading.application.value : reading.application))
    return others.every((other) => other === first) ? first : null
  }
}

const noEntries: readonly Entry[] = []

const isTrue = (reading: Reading, name: string): boolean => reading.get(name)?.value === true

function merge(settings: readonly Setting[]): Setting | undefined {
  const [first, ...others] = settings
  if (!first) return undefined
  // What is mended in one place must be all that says it.
  const isThere = ({ entries }: Setting): boolean =>
    entries.length === first.entries.length && entries.every(({ word }, index) => word?.start === first.entries[index]?.word?.start)
  const same = (other: Setting): boolean =>
    other.source === first.source && isThere(other) &&
    (other.value === first.value || JSON.stringify(other.value) === JSON.stringify(first.value))
  if (others.every(same)) return first
  // What one of them sets, or may, is not left to its default.
  return unknownSetting(settings.find(({ source }) => source !== 'default') ?? first)
}
