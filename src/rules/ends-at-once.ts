import { endsBehind } from '../command-line/script-end.ts'
import { isLasting, isRestarted } from '../kubernetes/pod-fields.ts'
import { defineRule, type Problem, type Subject } from './rule.ts'

export default defineRule({
  id: 'ends-at-once',
  severity: 'error',
  action: 'Deny',
  mayBeAllowed: true,
  summary: 'gunicorn is asked for its help, its version, or a check, and never serves',
  why: 'gunicorn prints what it is asked for, or checks its configuration, and ends. The container ends with it, and restarts for ever.',
  remedy: 'Leave the option out.',
  settings: ['check_config', 'print_config'],
  unset: true,
  always: true,

  *check(subject) {
    const { settings, workload, container, command } = subject
    const ends = settings.ends
    if (ends === undefined || settings.problems.length > 0 || !isLasting(workload, container) || !isRestarted(workload, container)) return
    if (command !== undefined && !command.ends && !endsBehind(subject)) return
    const word = subject.words.find(({ value }) => value !== null && asking[ends].test(value))
    if (!word) return
    const problem: Problem = { place: subject.placeOf(word), shape: 'Invalid value', value: word.value, detail: details[ends],
      ...remedyFor(subject, ends) }
    // `kubectl run` makes a Pod that is always restarted of whatever somebody wants to see once.
    yield workload.kind.kind === 'Pod' ? { ...problem, doubt: 'unless it is run once, by hand' } : problem
  },
})

const asking = { help: /^(-\w*h|--h(e(lp?)?)?$)/, version: /^(-\w*v|--ver)/, check: /^--(check|print)-config$/ } as const

const details = {
  help: 'must not be used in a container that is to serve: gunicorn prints its help and ends',
  version: 'must not be used in a container that is to serve: gunicorn prints its version and ends',
  check: 'must not be used in a container that is to serve: gunicorn checks its configuration and ends',
} as const

function remedyFor(subject: Subject, ends: keyof typeof asking): { readonly remedy?: string } {
  if (ends === 'check') return {}
  if (isHost(subject)) return { remedy: 'Write `-b`: in front of an address, where `-h` asks for the help.' }
  const hasOthers = subject.words.slice(1).some(({ value }) => value?.startsWith('-') !== true)
  return hasOthers ? {} : { remedy: 'Name the application in its place: `gunicorn MODULE:VARIABLE`.' }
}

/** Other servers take an address behind `-h`. */
const isHost = ({ words }: Subject): boolean =>
  words.some(({ value }, index) => value === '-h' && /^[\d.:[\]a-f*]+$|^localhost/.test(words[index + 1]?.value ?? ''))
