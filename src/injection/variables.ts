/** The variables that settings are put into, and what else in a container has to do with them. */
import { concurrency } from '../gunicorn/variables.ts'
import type { Invocation } from '../inspect.ts'
import type { Container } from '../kubernetes/workload.ts'
import type { Fix } from '../rules/rule.ts'

/** A fix that gives a setting a value. */
export type Setter = Extract<Fix, { setting: string }>

/** A fix that variables can make: a setting gets a value, or an option without one is left out. */
export type EnvironmentChange = Setter | Extract<Fix, { drop: string }>

export const isChange = (fix: Fix): fix is EnvironmentChange => 'setting' in fix || 'drop' in fix

export const settingOf = (change: EnvironmentChange): string => ('drop' in change ? change.drop : change.setting)

/** Programs beside gunicorn that take their number of workers from WEB_CONCURRENCY. */
const alsoReadsConcurrency = /(?:^|[\s;&|("'/])(?:uvicorn|puma)(?:$|[\s;&|)"'])/m

/** Whether WEB_CONCURRENCY can be defined for gunicorn alone. A config file that is not seen overrides it, which is as it should be. */
export function takesConcurrency(container: Container): boolean {
  return !names(container, concurrency) && !texts(container).some((text) => alsoReadsConcurrency.test(text))
}

const texts = ({ command = [], args = [] }: Container): readonly string[] => [...command, ...args]

/** Whether a container's command, or another of its variables, has to do with a variable. */
export function names(container: Container, variable: string): boolean {
  return texts(container).some((text) => text.includes(variable)) ||
    container.env.some(({ value }) => value?.includes(`(${variable})`) === true)
}

/**
 * Whether an invocation may leave a setting to variables, as far as can be seen: a config file or a word that may be anything may
 * set it. A word that may be anything may be `--`, too, and then what comes behind it sets nothing.
 */
export function isOpen({ settings }: Invocation, setting: string): boolean {
  return settings.isSet(setting) === 'unknown' || settings.readings.some(({ unseen }) => unseen === 'command line')
}
