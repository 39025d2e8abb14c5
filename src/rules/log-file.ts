import { quotesStay, withoutQuotes } from '../gunicorn/advice.ts'
import { invalid } from './problem.ts'
import { defineRule } from './rule.ts'

/** Devices are no files: what is written to them is seen, or is meant to be gone. */
const device = /^(-|\/dev\/(stdout|stderr|null|fd\/\d+)|\/proc\/(1|self)\/fd\/\d+|)$/

export default defineRule({
  id: 'log-file',
  severity: 'warning',
  action: 'Warn',
  mayBeAllowed: true,
  summary: 'logs go to a file inside the container',
  why: 'Nothing collects the file, it grows until the container is evicted, and it is gone with the container.',
  remedy: 'Log to the console with `-`.',
  settings: ['accesslog', 'errorlog'],

  *check(subject) {
    for (const name of ['accesslog', 'errorlog']) {
      const setting = subject.settings.get(name)
      if (!setting) continue
      for (const entry of subject.settings.entries(name))
        if (typeof entry.value === 'string' && !device.test(entry.value))
          yield invalid(subject, setting, entry, `\`${name}\` must be "-", the console`, {
            fix: { setting: name, value: '-', entry },
            ...(withoutQuotes(entry.value) === '-' ? { remedy: `Write \`-\`: ${quotesStay}.` } : {}),
          })
    }
  },
})
