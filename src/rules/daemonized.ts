import { endsBehind, isLeftBehind } from '../command-line/script-end.ts'
import { isLasting } from '../kubernetes/pod-fields.ts'
import { invalid } from './problem.ts'
import { defineRule, type Subject } from './rule.ts'

export default defineRule({
  id: 'daemonized',
  severity: 'error',
  action: 'Fix',
  mayBeAllowed: true,
  summary: 'gunicorn goes into the background, and the container ends',
  why: 'The process that the container was started for ends at once, and gunicorn with it. The container restarts for ever, without a log.',
  remedy: 'Leave `--daemon` out.',
  settings: ['daemon'],
  unset: true,

  *check(subject) {
    const [first] = subject.command?.words ?? []
    if (first && isLeftBehind(subject) && isLasting(subject.workload, subject.container))
      yield {
        place: subject.placeOf(first),
        shape: 'Invalid value',
        value: first.text,
        detail: 'must not run in the background of a script that ends: the container ends with it, and gunicorn too',
        remedy: /\(\s*$/.test(subject.script?.text.slice(0, subject.command?.start) ?? '')
          ? 'Write `exec` in front of it, and leave out the parentheses and the `&`.'
          : 'Write `exec` in front of it, and leave out the `&` with all that is behind it.',
      }
    const setting = subject.settings.get('daemon')
    if (!setting || !endsContainer(subject)) return
    for (const entry of subject.settings.entries('daemon'))
      if (entry.value === true && entry.word)
        yield invalid(subject, setting, entry, 'must not be used in a container, which ends when its first process does', {
          value: entry.word.value,
          fix: { drop: 'daemon' },
        })
  },
})

/** What comes after gunicorn in a script may be what keeps the container alive: `gunicorn -D app && nginx -g 'daemon off;'`. */
function endsContainer(subject: Subject): boolean {
  const { workload, container, command } = subject
  return isLasting(workload, container) && (command === undefined || command.ends || endsBehind(subject))
}
