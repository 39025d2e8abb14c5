import { missing } from './problem.ts'
import { defineRule } from './rule.ts'

/** The settings that have a rule of their own. */
const others: ReadonlySet<string> = new Set(['bind', 'workers', 'accesslog', 'errorlog', 'access_log_format'])

export default defineRule({
  id: 'missing-default',
  severity: 'info',
  action: 'Fix',
  mayBeAllowed: true,
  summary: 'nothing sets a setting that the platform has a default for',
  why: "gunicorn starts with its own default, which is not the platform's.",
  remedy: "Set it to the platform's default, or to a value of your own.",
  settings: [],
  unset: true,

  *check(subject) {
    for (const name of Object.keys(subject.platform.defaults))
      // A release that lacks the option would refuse to start with it.
      if (!others.has(name) && subject.releases.every(({ settings }) => (settings[name]?.flags.length ?? 0) > 0))
        yield* missing(subject, name)
  },
})
