/** Where what a rule speaks of was written, and what it is called there. */
import type { Place } from '../../command-line.ts'
import type { Entry, Setting } from '../../gunicorn/settings.ts'
import { cmdArgs, variableFor } from '../../gunicorn/variables.ts'
import type { Subject } from '../rule.ts'

/** Where a value was set: its word, that of the config file, or the environment variable that holds it. */
export function placeOf(subject: Subject, setting: Setting, entry: Entry): Place {
  if (setting.source === 'command line' || setting.source === 'config file') {
    const word = entry.argument?.word ?? entry.word
    return word ? subject.placeOf(word) : subject.place
  }
  const variable = variableOf(setting)
  return variable === undefined ? subject.place : variablePlace(subject, variable)
}

/** Where an environment variable is defined, as far as that can be seen. */
export function variablePlace(subject: Subject, name: string): Place {
  const variable = subject.environment.variables.get(name)
  return variable ? { path: variable.entry.path ?? [...subject.container.envPath, variable.entry.index, 'value'] } : subject.place
}

function variableOf(setting: Setting): string | undefined {
  if (setting.source === cmdArgs) return cmdArgs
  return setting.source === 'environment' ? variableFor[setting.name] : undefined
}

/** How a setting was set, for a message: `-k`, `-k in GUNICORN_CMD_ARGS`, `WEB_CONCURRENCY`. */
export function setBy(setting: Setting, entry: Entry): string {
  if (setting.source === 'command line') return `\`${entry.flag ?? setting.name}\``
  if (setting.source === cmdArgs) return `\`${entry.flag ?? setting.name}\` in ${cmdArgs}`
  return variableOf(setting) ?? setting.source
}
