import { applicationFault } from '../gunicorn/application.ts'
import { isBehindOneDash, operandsOf } from '../gunicorn/operands.ts'
import type { Word } from '../shell/word.ts'
import { defineRule, type Problem, type Subject } from './rule.ts'
import { adviceOnUnexpanded, isLeft } from './subject/unexpanded.ts'

export default defineRule({
  id: 'invalid-application',
  severity: 'error',
  action: 'Deny',
  summary: 'what gunicorn takes for the application cannot be one',
  why:
    'gunicorn imports a module and takes a variable of it, or calls a function with literal arguments. Its workers fail to boot with anything else, and it exits.',
  remedy: 'Name the application: `gunicorn MODULE:VARIABLE`.',
  settings: ['wsgi_app'],
  unset: true,

  *check(subject) {
    const { application } = subject.settings
    if (typeof application !== 'string') return
    const [named, ...others] = operandsOf(subject.settings.readings)
    const place = named ? subject.placeOf(named) : subject.place
    // It is the value of an option before it, of which others speak.
    if (named && /^[^a-z]/i.test(application) && isBehindOneDash(subject, named)) return
    // Several options in one element are another rule's to say.
    if (named && subject.form === 'exec' && /(^|\s)--?[a-z]/i.test(application)) return
    const fault = (named && unexpandedFault(subject, application, named)) ?? applicationFault(application, subject.releases) ??
      strangerFault(application, others.map(({ value }) => value))
    if (fault) yield { place, shape: 'Invalid value', value: application, ...fault }
  },
})

/** A variable that nobody expands, but for one in an argument of a call, which may be meant so. */
function unexpandedFault(subject: Subject, text: string, word: Word): Pick<Problem, 'detail' | 'remedy'> | undefined {
  if (!text.includes('$') || (subject.form !== 'exec' && !isLeft(subject, 'command line', word))) return undefined
  const call = text.search(/(?<!\$)\(/)
  if (!/\$(\w|\{\w+\}|\(\w+\))/.test(call < 0 ? text : text.slice(0, call))) return undefined
  return {
    detail: 'must be a module and a variable, as in `shop.wsgi:application`: nobody expands this variable here',
    remedy: adviceOnUnexpanded(subject, 'command line', text, word) ?? inList,
  }
}

const inList = 'Write `$(NAME)`, and define NAME in `env`: no shell expands `$NAME` in a list.'

/** A word that can be no name of a module in front of what reads like an application. */
function strangerFault(application: string, others: readonly (string | null)[]): Pick<Problem, 'detail' | 'remedy'> | undefined {
  if (!/^[\w-]+$/.test(application) || !application.includes('-') ||
    !others.some((other) => other !== null && /^[A-Za-z_][\w.]*:[A-Za-z_]\w*(\(.*\))?$/.test(other))) return undefined
  return {
    detail: 'must be an option, or stand behind the application: gunicorn takes the first word that is no option for the application',
    remedy: 'Write two dashes in front of the name of an option.',
  }
}
