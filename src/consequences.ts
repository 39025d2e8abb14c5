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
import type { Policy } from './policy/policy.ts'
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

/**
 * The fixes that fall under rules that deny or mend, each with the rule. What is denied is denied also where others of the fixes
 * are made, and without those that are denied. `spared` are rules that do not hold here, or that have denied already.
 */
export function contradictions(subject: Subject, setters: readonly Setter[], policy: Policy, spared: (rule: string) => boolean): ReadonlyMap<Setter, Contradiction> {
  const against = new Map<Setter, Contradiction>()
  const asked = decisive(policy).filter(({ id }) => !spared(id))
  let left = setters
  for (;;) {
    const found = [...consequences(subject, left, policy, asked)]
    const denied = found.filter(({ action }) => action === 'Deny')
    for (const { setter, rule, action } of denied.length > 0 ? denied : found) if (!against.has(setter)) against.set(setter, { rule, action, setting: setter.setting, value: setter.value })
    if (denied.length === 0) return against
    left = left.filter((setter) => !against.has(setter))
  }
}

interface Consequence extends Pick<Contradiction, 'rule' | 'action'> {
  readonly setter: Setter
}

function* consequences(subject: Subject, setters: readonly Setter[], policy: Policy, asked: readonly Rule[]): Generator<Consequence> {
  const named = new Set(setters.map(({ setting }) => setting))
  const concerned = asked.filter(({ settings }) => settings.some((setting) => named.has(setting)))
  const refused = (policy.rules['invalid-setting']?.action ?? 'Off') === 'Deny' && asked.some(({ id }) => id === 'invalid-setting')
  if (concerned.length === 0 && !refused) return
  const values = new Map([...Map.groupBy(setters, ({ setting }) => setting)].map(([setting, some]) => [setting, wordsOf(subject, some)]))
  spend(setters.length)
  for (const texts of values.values()) spend(texts.length)
  const changed = subject.settings.readings.map((reading) => {
    const put = [...values].flatMap(([setting, texts]) => putIn(setting, texts, reading.releases) ?? [])
    return { reading: reading.with(new Map(put.map(({ setting }) => [setting.name, setting]))), refusals: new Set(put.flatMap(({ setting, isRefused }) => (isRefused ? setting.name : []))) }
  })
  if (refused)
    for (const setter of setters)
      if (changed.every(({ refusals }) => refusals.has(setter.setting))) yield { setter, rule: 'invalid-setting', action: 'Deny' }
  const after: Subject = { ...subject, settings: new AgreedSettings(changed.map(({ reading }) => reading)), placeOf: () => subject.place }
  for (const rule of concerned) {
    spend(2)
    const actions = [...rule.check(after)].map((problem) => actionOn(rule, problem, policy))
    const action = actions.includes('Deny') ? 'Deny' : actions.includes('Fix') ? 'Fix' : undefined
    if (action) for (const setter of setters) if (rule.settings.includes(setter.setting)) yield { setter, rule: rule.id, action }
  }
}

/** What comes of a problem; undefined where it is only told. What cannot be mended after all is denied, where the policy says so. */
function actionOn({ id }: Rule, { fix, releases }: Problem, policy: Policy): Contradiction['action'] | undefined {
  const { action, otherwise } = policy.rules[id] ?? { action: 'Off', otherwise: 'Off' }
  const isDenied = action === 'Deny' || (action === 'Fix' && otherwise === 'Deny')
  if (isDenied && !releases) return 'Deny'
  return action === 'Fix' && fix ? 'Fix' : undefined
}

const known = new WeakMap<Policy['rules'], readonly Rule[]>()

/** The rules of a policy that deny or mend. */
function decisive({ rules: actions }: Policy): readonly Rule[] {
  let some = known.get(actions)
  if (!some) known.set(actions, (some = rules.filter(({ id, of }) => of === undefined && ['Deny', 'Fix'].includes(actions[id]?.action ?? 'Off'))))
  return some
}

/** The values that a setting has once fixes of it are made, in order: null before a part that is not known. */
function wordsOf({ settings, environment, container, platform }: Subject, setters: readonly Setter[]): readonly Text[] {
  const { env, fallback } = platform.port
  const variable = environment.variables.get(env)
  const port = variable ? variable.value : (container.port ?? fallback)
  const textOf = ({ setting, value }: Setter): Text => {
    const [head = '', ...rest] = setting === 'bind' ? String(value).split(`$${env}`) : [String(value)]
    if (value === true) return { text: undefined, isWhole: true }
    return rest.length === 0 ? { text: head, isWhole: true } : port === null ? { text: head, isWhole: false } : { text: [head, ...rest].join(String(port)), isWhole: true }
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
const made = new WeakMap<readonly Release[], Map<string, PutIn | undefined>>()
/** Ports come from outside: past this many values they are forgotten, and what is longer than this is not remembered. */
const rememberedValues = 1000
const longestValue = 500

/** A setting as it is once it is put in; undefined where these releases have no option for it. */
function putIn(name: string, texts: readonly Text[], releases: readonly Release[]): PutIn | undefined {
  let values = made.get(releases)
  if (!values || values.size > rememberedValues) made.set(releases, (values = new Map()))
  const key = JSON.stringify([name, texts])
  if (key.length > longestValue) return readIn(name, texts, releases)
  if (!values.has(key)) values.set(key, readIn(name, texts, releases))
  return values.get(key)
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
  return setting && { setting, isRefused: releases.every((release) => settings.problems.some((problem) => problem.releases.includes(release))) }
}
