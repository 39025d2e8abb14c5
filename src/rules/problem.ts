/** How rules word what they find. */
import type { Misstart } from '../command-line.ts'
import { single } from '../gunicorn/entries.ts'
import type { Entry, Setting } from '../gunicorn/settings.ts'
import { effectOf } from '../gunicorn/worker-facts.ts'
import type { Fix, Problem, Subject } from './rule.ts'
import { placeOf } from './subject/origin.ts'

/** A value of a setting is wrong. */
export function invalid(subject: Subject, setting: Setting, entry: Entry, detail: string, rest: Partial<Problem> = {}): Problem {
  return { place: placeOf(subject, setting, entry), shape: 'Invalid value', value: written(setting, entry), detail: detail + whereIn(entry),
    about: setting.name, ...rest }
}

/** A value of a setting is none of those that there are. */
export function notSupported(subject: Subject, setting: Setting, entry: Entry, known: readonly string[],
  rest: Partial<Problem> = {}): Problem {
  const listed = [...known].sort().map((name) => `"${name}"`).join(', ')
  const detail = `supported values: ${listed}`
  return { place: placeOf(subject, setting, entry), shape: 'Unsupported value', value: written(setting, entry),
    detail: detail + whereIn(entry), about: setting.name, ...rest }
}

/** Nothing sets a setting that must be set. */
export function required(subject: Subject, detail: string, rest: Partial<Problem> = {}): Problem {
  return { place: subject.place, shape: 'Required value', detail, ...rest }
}

/** A setting that nothing sets and the platform has a default for. */
export function* missing(subject: Subject, setting: string): Iterable<Problem> {
  const value = subject.platform.defaults[setting]
  if (value === undefined || subject.settings.isSet(setting) !== 'no' || goesByItself(subject, setting, value)) return
  const effect = effectOf(setting, value, subject.settings)
  if (effect === 'ignored' || effect === 'refused') return
  yield required(subject, `\`${setting}\` must be set`, effect === 'unknown' ? {} : { fix: { setting, value } })
}

/** Whether gunicorn goes by a value of the platform without being told, and need not be. */
function goesByItself({ platform, settings }: Subject, name: string, value: string | number): boolean {
  if (platform.explicit) return false
  const held = settings.value(name)
  return held !== undefined && held !== null && String(held) === String(value)
}

/** What a command line says in vain, as a problem. */
export function vain({ place, text, detail, remedy, doubt }: Misstart, fix?: Fix): Problem {
  return { place, shape: 'Invalid value', value: text, detail, ...(remedy === undefined ? {} : { remedy }),
    ...(doubt === undefined ? {} : { doubt }), ...(fix ? { fix } : {}) }
}

/** The line of the config file that sets it, which no place in the object can show. */
const whereIn = ({ line }: Entry): string => (line === undefined ? '' : ` (${line})`)

/** The value as it was written; for what no text holds, as gunicorn holds it. */
function written(setting: Setting, entry: Entry): unknown {
  return entry.argument?.text ?? single(entry.value) ?? setting.value
}
