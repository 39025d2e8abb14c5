import { required } from './problem.ts'
import { defineRule, type Subject } from './rule.ts'
import { refusals } from './subject/refusals.ts'

/** From 20.1 on the file that gunicorn finds by itself may name it. */
const doubt = 'unless a gunicorn.conf.py in the folder that gunicorn starts in sets `wsgi_app`'

export default defineRule({
  id: 'missing-application',
  severity: 'error',
  action: 'Deny',
  summary: 'the command line names no application',
  why: 'gunicorn exits at start with "No application module specified".',
  remedy: 'Name the application: `gunicorn MODULE:VARIABLE`.',
  settings: ['wsgi_app'],
  unset: true,
  always: true,

  *check(subject) {
    // Another rule says where it went.
    if (subject.isCut === true) return
    const lacking = subject.settings.readings.filter((reading) => reading.mayLackApplication).flatMap((reading) => reading.releases)
    if (lacking.length > 0) {
      yield required(subject, 'an application must be named', {
        ...(lacking.length < subject.releases.length ? { releases: lacking, ...moved(subject) } : {}),
        doubt,
      })
      return
    }
    for (const { place, releases } of refusals(subject, 'missing-application'))
      yield { place, shape: 'Required value', detail: 'an application must be named', ...(releases ? { releases, ...moved(subject) } : {}) }
  },
})

/** What some releases take for the application is the value of an option to the others, as it stands behind it. */
function moved({ settings: { application } }: Subject): { remedy?: string } {
  return typeof application === 'string'
    ? { remedy: `Put \`${application}\` in front of the options: some releases take it for the value of the one before it.` } : {}
}
