import { applicationFault } from '../gunicorn/application.ts'
import { defineRule, fillingRemedy, operandsOf, type Problem, type Subject } from './rule.ts'

export default defineRule({
  id: 'invalid-application',
  severity: 'error',
  summary: 'what gunicorn takes for the application can be none',
  why: 'gunicorn imports a module and takes a variable of it, or calls a function with literal arguments. Its workers fail to boot with anything else, and it exits.',
  remedy: 'Name the application: `gunicorn MODULE:VARIABLE`.',
  settings: ['wsgi_app'],
  unset: true,

  *check(subject) {
    const { application } = subject.settings
    if (typeof application !== 'string') return
    const [named, ...others] = operandsOf(subject.settings.readings)
    const place = named ? subject.placeOf(named) : subject.place
    // Several options in one element are another rule's to say.
    if (named && subject.form === 'exec' && /(^|\s)--?[a-z]/i.test(application)) return
    const fault = named && unexpanded(subject, application) ? { detail: unexpandedFault, ...fillingRemedy(subject, application) } : applicationFault(application, subject.releases) ?? strangerFault(application, others.map(({ value }) => value))
    if (fault) yield { place, shape: 'Invalid value', value: application, ...fault }
  },
})

/** A variable that nobody expands. */
const unexpanded = ({ form }: Subject, text: string): boolean => form === 'exec' && /^[^('"]*\$(\w+|\{\w+\}|\(\w+\))/.test(text)

const unexpandedFault = 'must be a module and a variable, as in `shop.wsgi:application`: nobody expands this variable here'

/** A word that can be no name of a module in front of what reads like an application. */
function strangerFault(application: string, others: readonly (string | null)[]): Pick<Problem, 'detail' | 'remedy'> | undefined {
  if (!/^[\w-]+$/.test(application) || !application.includes('-') || !others.some((other) => other !== null && /^[A-Za-z_][\w.]*:[A-Za-z_]\w*(\(.*\))?$/.test(other))) return undefined
  return { detail: 'must be an option, or stand behind the application: gunicorn takes the first word that is no option for the application', remedy: 'Write two dashes in front of the name of an option.' }
}
