/** Reads a draft back, and holds it against what it is to be. */
import type { Setting } from '../gunicorn/settings.ts'
import { cmdArgs } from '../gunicorn/variables.ts'
import { inspect, inspectImage, type Invocation, type Surroundings } from '../inspect.ts'
import type { Container, Workload } from '../kubernetes/workload.ts'
import type { Fix, Terms } from '../rules/rule.ts'
import type { Draft } from './draft.ts'
import { isChange, isOpen, settingOf, type EnvironmentChange, type Setter } from './variables.ts'

/** A fix and the invocation that it is for; `key` tells them apart. */
export interface Wanted<Key> {
  readonly key: Key
  readonly fix: Fix
  readonly invocation: Invocation
}

export class Review<Key> {
  readonly #all: readonly Invocation[]
  readonly #made: readonly Wanted<Key>[]
  readonly #platform: Terms
  readonly #before: readonly Invocation[]
  readonly #after: readonly Invocation[]
  readonly #wrong = new Set<Wanted<Key>>()
  /** The settings that are put in. */
  readonly #added: ReadonlySet<string>

  constructor(draft: Draft, all: readonly Invocation[], made: readonly Wanted<Key>[], platform: Terms, surroundings?: Surroundings) {
    this.#all = all
    this.#made = made.filter(({ fix }) => isChange(fix))
    this.#platform = platform
    this.#added = new Set(this.#made.flatMap(({ fix }) => ('setting' in fix && !fix.entry ? [fix.setting] : [])))
    const workload = all[0]?.workload
    const isChanged = workload !== undefined && this.#made.length > 0
    const withPort = isChanged ? draft.withPort() : undefined
    this.#before = withPort && workload ? reinspect(workload, withPort, surroundings) : all
    this.#after = isChanged ? reinspect(workload, draft.edited(), surroundings) : all
  }

  /** The fixes that may not be made. */
  wrong(): ReadonlySet<Wanted<Key>> {
    if (this.#made.length === 0) return this.#wrong
    const changes = Map.groupBy(this.#made, ({ invocation }) => invocation)
    for (const [index, invocation] of this.#all.entries()) {
      const own = (changes.get(invocation) ?? []).flatMap(({ fix }) => (isChange(fix) ? [fix] : []))
      this.#review(index, Map.groupBy(own, settingOf))
    }
    return this.#wrong
  }

  /** Withdraws the fixes of a setting; all of them where none is about it, as it is not known then which one is at fault. */
  #withdraw(setting: string | undefined): void {
    const some = this.#made.filter(({ fix }) => isChange(fix) && settingOf(fix) === setting)
    for (const one of some.length > 0 ? some : this.#made) this.#wrong.add(one)
  }

  #review(index: number, own: ReadonlyMap<string, readonly EnvironmentChange[]>): void {
    const [before, after] = [this.#before[index], this.#after[index]]
    if (!before || !after || before.settings.application !== after.settings.application || hasNewProblems(before, after)) {
      this.#withdraw(undefined)
      return
    }
    for (const setting of settingNames(after)) {
      const fixes = own.get(setting)
      if (fixes ? !this.#isMade(fixes, index, after) : !this.#isKept(setting, before, after)) this.#withdraw(setting)
    }
  }

  #isKept(name: string, before: Invocation, after: Invocation): boolean {
    const isAdded = this.#added.has(name)
    const setting = before.settings.get(name)
    // What cannot be seen may leave it to the variables.
    if (isSame(setting, after.settings.get(name))) return !(isAdded && isOpen(before, name))
    // A check of the configuration is to check what then runs.
    return isAdded && !before.settings.serves && (setting?.source === 'default' || setting?.source === 'environment')
  }

  /** Whether a setting has become what its fixes say, and each entry of it that they do not speak of is what it was. */
  #isMade(changes: readonly EnvironmentChange[], index: number, { settings, environment }: Invocation): boolean {
    const fixes = changes.filter((change) => 'setting' in change)
    const [first] = fixes
    if (!first) return changes.every((change) => settings.isSet(settingOf(change)) === 'no')
    const { setting: name, value, entry } = first
    const { env } = this.#platform.port
    const port = environment.variables.get(env)?.value
    const text = (
      given: Setter['value'],
    ): string => (name === 'bind' && typeof port === 'string' ? String(given).replaceAll(`$${env}`, () => port) : String(given))
    const setting = settings.get(name)
    if (setting?.source !== cmdArgs && setting?.source !== 'environment') return false
    const wanted = entry
      ? this.#all[index]?.settings.get(name)?.entries.map((one) => {
        const made = fixes.find((fix) => fix.entry === one)
        return made ? text(made.value) : one.argument?.text
      })
      : [text(value)]
    return JSON.stringify(setting.entries.map((one) => one.argument?.text ?? String(one.value))) === JSON.stringify(wanted)
  }
}

function reinspect(workload: Workload, container: Container, surroundings?: Surroundings): readonly Invocation[] {
  const found = inspect({ ...workload, containers: [container] }, surroundings)
  return found.length > 0 ? found : [inspectImage(workload, container)]
}

function hasNewProblems(before: Invocation, after: Invocation): boolean {
  const known = new Set(before.settings.problems.map(({ message }) => message))
  return after.settings.problems.some(({ message }) => !known.has(message))
}

/** By the releases, which most gunicorns of an object share. */
const names = new WeakMap<Invocation['releases'], ReadonlySet<string>>()

function settingNames({ releases }: Invocation): ReadonlySet<string> {
  let known = names.get(releases)
  if (!known) names.set(releases, known = new Set(releases.flatMap(({ settings }) => Object.keys(settings))))
  return known
}

function isSame(one: Setting | undefined, other: Setting | undefined): boolean {
  if (one === other) return true
  const told = (setting: Setting | undefined): string =>
    JSON.stringify([setting?.source, setting?.value, setting?.entries.map(({ argument }) => argument?.text)])
  return told(one) === told(other)
}
