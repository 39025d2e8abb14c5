import { single } from '../gunicorn/entries.ts'
import { isBarePort, withPortVariable } from '../gunicorn/port-variable.ts'
import type { Entry } from '../gunicorn/settings.ts'
import { cmdArgs } from '../gunicorn/variables.ts'
import { invalid } from './problem.ts'
import { defineRule, type Subject } from './rule.ts'

export default defineRule({
  id: 'bare-port',
  severity: 'error',
  action: 'Fix',
  mayBeAllowed: true,
  summary: 'gunicorn is told a port where it expects an address',
  why: 'gunicorn takes a number alone for a host: it tries to listen on an address that is none of its own, and exits after five seconds.',
  remedy: 'Write a colon in front of the port: `-b :8080`.',
  settings: ['bind'],

  *check(subject) {
    const setting = subject.settings.get('bind')
    if (setting?.source !== 'command line' && setting?.source !== cmdArgs) return
    for (const entry of setting.entries) {
      const text = portOf(subject, entry)
      if (text === undefined) continue
      const fix = setting.source === 'command line' ? { put: ':', before: entry } : { setting: 'bind', value: `:${text}`, entry }
      yield invalid(subject, setting, entry, 'must have a colon before the port, as gunicorn takes a number alone for a host', {
        value: text,
        fix,
      })
    }
  },
})

/** The port as it is written, where nothing but a port stands there; undefined otherwise. */
function portOf({ form, platform }: Subject, { value, argument }: Entry): string | undefined {
  const known = single(value)
  if (typeof known === 'string') return isBarePort(known) ? (argument?.text?.trim() ?? known) : undefined
  // The platform's port is a number, whatever it is; in a list, where nobody expands it, it is another rule's.
  const written = argument?.word.text.slice(argument.offset).replace(/^"(.*)"$/, '$1')
  // Kubernetes' own form is a command to a shell.
  const isPort = form === 'shell' && written !== undefined && !written.startsWith('$(') &&
    withPortVariable(written, platform.port.env) === `$${platform.port.env}`
  return isPort ? written : undefined
}
