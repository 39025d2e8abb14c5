/**
 * What follows from values that are to be put in: the rules of the same policy that they fall under. Pure.
 *
 * It is found out by asking the rules once more, of the settings as they would be then. The command is not read again: what is put
 * in for one setting changes nothing but that setting.
 */
import { spend } from './budget.ts'
import { AgreedSettings } from './gunicorn/agreed-settings.ts'
import type { Release } from './gunicorn/catalogue.ts'
import { read, type Setting } from './gunicorn/settings.ts'
import type { Setter } from './injection/variables.ts'
import { mayDeny, type Policy } from './policy/policy.ts'
import { rules } from './rules/index.ts'
import type { Problem, Rule, Subject } from './rules/rule.ts'
import { literal, type Word } from './shell/word.ts'

/** What a policy says against what it puts in itself. */
export interface Contradiction {
  readonly rule: string
  /** `Deny`: it would be denied. `Fix`: it would be mended in its turn. */
  readonly action: 'Deny' | 'Fix'
  /** What is put in. */
  readonly setting: string
  readonly value: Setter['value']
}

/** A fix, and the rule that asks for it. */
export interface Asked {
  readonly setter: Setter
  readonly by: string
}

/**
 * The fixes that fall under rules that deny or mend, each with the rule. What is denied is denied also where others of the fixes
 * are made, and without those that are denied. `spared` are rules that do not hold here, or that have denied already.
 */
export function contradictions(subject: Subject, asked: readonly Asked[], policy: Policy,
  spared: (rule: string) => boolean): ReadonlyMap<Setter, Contradiction> {
  const deciding = decisive(policy)
  const refusal = policy.rules['invalid-setting']
  const isRefusalDenied = refusal !== undefined && mayDeny(refusal) && !spared('invalid-setting')
  let against: Map<Setter, Contradiction> | undefined
  let left = asked
  for (;;) {
    const found = consequences(subject, left, policy, deciding, spared, isRefusalDenied)
    if (found.length === 0) return against ?? none
    against ??= new Map()
    const denied = found.filter(({ action }) => action === 'Deny')
    for (const { setter, rule, action } of denied.length > 0 ? denied : found)
      if (!against.has(setter)) against.set(setter, { rule, action, setting: setter.setting, value: setter.value })
    if (denied.length === 0) return against
    const known = against
    left = left.filter(({ setter }) => !known.has(setter))
  }
}

const none: ReadonlyMap<Setter, Contradiction> = new Map()

interface Consequence extends Pick<Contradiction, 'rule' | 'action'> {
  readonly setter: Setter
}

/** Most of what is put in nothing but its own rule asks about: only of the rest are the settings put together as they would be. */
function consequences(
  subject: Subject,
  asked: readonly Asked[],
  policy: Policy,
  deciding: ReadonlyMap<string, readonly Rule[]>,
  spared: (rule: string) => boolean,
  isRefusalDenied: boolean,
): Consequence[] {
  spend(asked.length)
  const found: Consequence[] = []
  const concerned = new Set<Rule>()
  for (const { setter: { setting }, by } of asked)
    for (const rule of deciding.get(setting) ?? []) if (rule.id !== by && !spared(rule.id)) concerned.add(rule)
  const values = new Map<string, readonly Text[]>()
  const { readings } = subject.settings
  for (const { setter } of asked) {
    const { setting } = setter
    if (values.has(setting)) continue
    const texts = wordsOf(subject, setter.entry ? asked.flatMap((one) => (one.setter.setting === setting ? one.setter : [])) : [setter])
    values.set(setting, texts)
    spend(texts.length)
    if (isRefusalDenied && isRefusedByAll(setting, texts, readings)) {
      for (const one of asked)
        if (one.setter.setting === setting) found.push({ setter: one.setter, rule: 'invalid-setting', action: 'Deny' })
    }
  }
  if (concerned.size === 0) return found
  const after: Subject = { ...subject, settings: settingsWith(subject, values), placeOf: () => subject.place }
  for (const rule of concerned) {
    spend(2)
    const actions = new Map<Setter, Contradiction['action']>()
    for (const problem of rule.check(after)) {
      const action = actionOn(rule, problem, policy)
      if (!action) continue
      // What is put in for another setting is at fault only where this one stands in the command already.
      const own = asked.filter(({ setter }) => setter.setting === problem.about)
      for (const { setter } of own.length > 0 ? own : asked)
        if (rule.settings.includes(setter.setting) && actions.get(setter) !== 'Deny') actions.set(setter, action)
    }
    for (const [setter, action] of actions) found.push({ setter, rule: rule.id, action })
  }
  return found
}

function isRefusedByAll(setting: string, texts: readonly Text[], readings: AgreedSettings['readings']): boolean {
  for (const { releases } of readings) if (putIn(setting, texts, releases)?.isRefused !== true) return false
  return true
}

/** The settings with others put in. */
function settingsWith({ settings }: Subject, values: ReadonlyMap<string, readonly Text[]>): AgreedSettings {
  return new AgreedSettings(settings.readings.map((reading) => {
    const put = new Map<string, Setting>()
    for (const [setting, texts] of values) {
      const made = putIn(setting, texts, reading.releases)
      if (made) put.set(setting, made.setting)
    }
    return reading.with(put)
  }))
}

/** What comes of a problem; undefined where it is only told. What cannot be mended after all is denied, where the policy says so. */
function actionOn({ id }: Rule, { fix, releases }: Problem, policy: Policy): Contradiction['action'] | undefined {
  const decided = policy.rules[id]
  if (!decided) return undefined
  if (mayDeny(decided) && !releases) return 'Deny'
  return decided.action === 'Fix' && fix ? 'Fix' : undefined
}

const known = new WeakMap<Policy['rules'], ReadonlyMap<string, readonly Rule[]>>()

/** The rules of a policy that deny or mend, by the settings that they read. */
function decisive({ rules: actions }: Policy): ReadonlyMap<string, readonly Rule[]> {
  let found = known.get(actions)
  if (!found) {
    const bySetting = new Map<string, Rule[]>()
    for (const rule of rules)
      if (rule.of === undefined && ['Deny', 'Fix'].includes(actions[rule.id]?.action ?? 'Off')) {
        for (const setting of rule.settings) bySetting.set(setting, [...(bySetting.get(setting) ?? []), rule])
      }
    known.set(actions, found = bySetting)
  }
  return found
}

/** The values that a setting has once fixes of it are made, in order: null before a part that is not known. */
function wordsOf({ settings, environment, container, platform }: Subject, setters: readonly Setter[]): readonly Text[] {
  const { env, fallback } = platform.port
  const variable = environment.variables.get(env)
  const port = variable ? variable.value : (container.port ?? fallback)
  const textOf = ({ setting, value }: Setter): Text => {
    if (value === true) return { text: undefined, isWhole: true }
    if (setting !== 'bind') return { text: String(value), isWhole: true }
    const [head = '', ...rest] = String(value).split(`$${env}`)
    return rest.length === 0 ? { text: head, isWhole: true }
      : port === null ? { text: head, isWhole: false } : { text: [head, ...rest].join(String(port)), isWhole: true }
  }
  const [first] = setters
  if (!first) return []
  if (!first.entry) return [textOf(first)]
  const replacing = new Map(setters.map((setter) => [setter.entry, setter]))
  return (settings.get(first.setting)?.entries ?? []).map((entry): Text => {
    const setter = replacing.get(entry)
    if (setter) return textOf(setter)
    return entry.argument?.text === null ? { text: entry.argument.prefix, isWhole: false } : { text: entry.argument?.text, isWhole: true }
  })
}

interface Text {
  /** Undefined for an option without a value. */
  readonly text: string | undefined
  readonly isWhole: boolean
}

interface PutIn {
  readonly setting: Setting
  readonly isRefused: boolean
}

/** What gunicorn makes of values, by the releases that read them and by the values. Groups of releases live on. */
const made = new WeakMap<readonly Release[], Made>()

/** What was made of single values, by the setting and then by the value: the defaults of policies, each a text of its own. */
interface Made {
  readonly single: Map<string, Map<string, PutIn | undefined>>
  readonly others: Map<string, PutIn | undefined>
  count: number
}

/** Ports come from outside: past this many values they are forgotten, and what is longer than this is not remembered. */
const rememberedValues = 1000
const longestValue = 500

/** A setting as it is once it is put in; undefined where these releases have no option for it. */
function putIn(name: string, texts: readonly Text[], releases: readonly Release[]): PutIn | undefined {
  let known = made.get(releases)
  if (!known || known.count > rememberedValues) made.set(releases, known = { single: new Map(), others: new Map(), count: 0 })
  const [only] = texts
  let [values, key] = [known.others, '']
  if (texts.length === 1 && only?.isWhole && only.text !== undefined) {
    key = only.text
    const ofName = known.single.get(name)
    if (ofName) values = ofName
    else known.single.set(name, values = new Map())
  } else key = JSON.stringify([name, texts])
  if (key.length > longestValue) return readIn(name, texts, releases)
  const found = values.get(key)
  if (found || values.has(key)) return found
  const read = readIn(name, texts, releases)
  values.set(key, read)
  known.count++
  return read
}

function readIn(name: string, texts: readonly Text[], releases: readonly Release[]): PutIn | undefined {
  const flag = releases[0]?.settings[name]?.flags.find((one) => one.startsWith('--'))
  if (flag === undefined) return undefined
  const words = texts.map(({ text, isWhole }): Word => {
    const word = literal(text === undefined ? flag : `${flag}=${text}`)
    return isWhole ? word : { ...word, value: null, prefix: word.text }
  })
  const settings = new AgreedSettings(read([...words, literal('app')], () => undefined, releases))
  const setting = settings.get(name)
  return setting &&
    { setting, isRefused: releases.every((release) => settings.problems.some((problem) => problem.releases.includes(release))) }
}
