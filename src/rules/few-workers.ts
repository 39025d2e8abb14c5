import { numbers } from '../gunicorn/entries.ts'
import { invalid } from './problem.ts'
import { defineRule, type Subject } from './rule.ts'
import { isPython2 } from './subject/surroundings.ts'

export default defineRule({
  id: 'few-workers',
  severity: 'warning',
  action: 'Warn',
  mayBeAllowed: true,
  summary: 'there are fewer workers than the platform starts by default, and each handles one request at a time',
  why: 'Some responses are slow now and then, and files load one after the other, as requests wait for a free worker.',
  remedy: 'Raise it to 4 with `-w 4`; if that does not help, use `-k gevent`.',
  settings: ['workers', 'worker_class', 'threads'],

  *check(subject) {
    const least = subject.platform.defaults['workers']
    if (typeof least !== 'number' || !isSynchronous(subject.settings)) return
    for (const { setting, entry, value } of numbers(subject, 'workers'))
      if (setting.source !== 'default' && value < least)
        yield invalid(subject, setting, entry, `must be greater than or equal to ${least}, the platform's default`, {
          remedy: remedyFor(least, subject),
        })
  },
})

/** gevent is the guide's next step, where it is there. */
function remedyFor(least: number, subject: Subject): string {
  const needs = subject.python.installed('gevent').state === 'Installed' ? ''
    : `, with ${isPython2(subject) ? '`gevent<1.3`' : 'gevent'} in requirements.txt`
  return `Raise it to ${least} with \`-w ${least}\`; if that does not help, use \`-k gevent\`${needs}.`
}

function isSynchronous(settings: { value(name: string): unknown }): boolean {
  const workerClass = settings.value('worker_class')
  const threads = settings.value('threads')
  return (workerClass === 'sync' || workerClass === 'gunicorn.workers.sync.SyncWorker') && typeof threads === 'number' && threads <= 1
}
