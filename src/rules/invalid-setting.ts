import { adviceOnValue } from '../gunicorn/advice.ts'
import { namesPort, withPortVariable } from '../gunicorn/port-variable.ts'
import type { StartProblem } from '../gunicorn/settings.ts'
import { holdsOption } from '../gunicorn/written-options.ts'
import { invalid } from './problem.ts'
import { defineRule, type Problem, type Subject } from './rule.ts'
import { refusals } from './subject/refusals.ts'
import { adviceOnUnexpanded, isLeft, isUnexpanded } from './subject/unexpanded.ts'

export default defineRule({
  id: 'invalid-setting',
  severity: 'error',
  action: 'Deny',
  summary: 'a setting has a value that gunicorn refuses',
  why: 'gunicorn exits at start.',
  remedy: 'Write a value that gunicorn takes.',
  settings: [],
  always: true,
  isAboutWords: true,

  *check(subject) {
    for (const { problem, place, releases } of refusals(subject, 'invalid-setting')) {
      const value = valueOf(subject, problem)
      if (isLiteralPort(subject, problem, value)) continue
      const remedy = isLeft(subject, problem.source, problem.word)
        ? adviceOnUnexpanded(subject, problem.source, value, problem.word)
        : isJoined(subject, problem, value) ? 'Make an element of each word.'
        : adviceOnValue(problem.setting, value, subject.releases, isUnexpanded(subject, problem.source))
      yield {
        place,
        shape: 'Invalid value',
        value,
        detail: `gunicorn refuses it: ${problem.message.replace(/\.$/, '')}`,
        ...(remedy === undefined ? {} : { remedy }),
        ...(releases ? { releases } : {}),
      }
    }
    yield* takenAndFatal(subject)
  },
})

/** Settings for which a config file may say None, and which gunicorn dies of once it uses them: seen in every release that has them. */
const fatalIfNone = ['loglevel', 'logger_class', 'worker_class', 'control_socket'] as const

function* takenAndFatal(subject: Subject): Iterable<Problem> {
  const { settings, releases } = subject
  if (!settings.configFile) return
  for (const name of fatalIfNone) {
    const setting = settings.readings.map((reading) => reading.get(name)).find((one) => one?.source === 'config file')
    const [entry] = setting?.entries ?? []
    if (!setting || !entry || entry.value !== null) continue
    const isSwitchedOff = name === 'control_socket' && settings.isSet('control_socket_disable') !== 'no'
    const having = releases.filter((release) => Object.hasOwn(release.settings, name))
    if (isSwitchedOff || having.length === 0) continue
    const remedy = name === 'control_socket' ? 'Write `control_socket_disable = True`.' : `Leave \`${name}\` out.`
    yield invalid(subject, setting, entry, `\`${name}\` must not be None: gunicorn dies once it uses it`, { value: null, remedy,
      ...(having.length < releases.length ? { releases: having } : {}) })
  }
}

function valueOf({ environment }: Subject, { variable, word }: StartProblem): string {
  return (variable === undefined ? (word?.value || word?.text) : environment.variables.get(variable)?.value) ?? ''
}

/** Whether an element of a list holds a value with options behind it: `0.0.0.0:8000 --workers 4`. */
const isJoined = ({ form, releases }: Subject, { source }: StartProblem, value: string): boolean =>
  form === 'exec' && source === 'command line' && !value.startsWith('-') && holdsOption(value.split(/\s+/), releases)

/** What the name of the port's variable means in an address is another rule's to say. */
function isLiteralPort(subject: Subject, { setting, source, word }: StartProblem, value: string): boolean {
  return setting === 'bind' && word !== undefined && isUnexpanded(subject, source) &&
    withPortVariable(value, subject.platform.port.env) !== undefined && namesPort(subject, source, word)
}
