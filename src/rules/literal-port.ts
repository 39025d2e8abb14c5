import type { Entry, Setting } from '../gunicorn/settings.ts'
import { cmdArgs } from '../gunicorn/variables.ts'
import { invalid } from './problem.ts'
import { defineRule, type Subject } from './rule.ts'
import { isBehindAll, literalPorts } from './subject/literal-ports.ts'

export default defineRule({
  id: 'literal-port',
  severity: 'error',
  action: 'Fix',
  mayBeAllowed: true,
  summary: 'the port is the name of a variable that nobody expands',
  why: 'In a list no shell expands `$PORT`, and Kubernetes expands `$(PORT)` only where the container defines it: ' +
    'gunicorn exits with "is not a valid port number".',
  remedy: 'Write `$(PORT)` in a list, and define PORT in `env`, above what refers to it.',
  settings: ['bind'],

  *check(subject) {
    for (const { setting, entry, text, fix, isRefused } of literalPorts(subject)) {
      // Nothing is certain but that gunicorn refuses it, which another rule says.
      if (!fix && isRefused) continue
      const remedy = remedyFor(subject, setting)
      yield invalid(subject, setting, entry, detail(subject, setting, entry, text), { value: text,
        ...(remedy === undefined ? {} : { remedy }), ...(fix ? { fix } : {}) })
    }
  },
})

function remedyFor({ form, container, platform, portVariable }: Subject, { source }: Setting): string | undefined {
  if (source !== 'command line') return isBehindAll(container, platform.port.env) ? `Leave the bind out of ${cmdArgs}.` : undefined
  return form === 'shell' && portVariable === 'defined' ? `Write \`$${platform.port.env}\`, which the shell expands.` : undefined
}

function detail({ form, platform, portVariable, container }: Subject, { source }: Setting, { argument }: Entry, text: string): string {
  const { env } = platform.port
  const written = text.includes(`$(${env})`)
  if (portVariable === 'unknown') return `must be written as $(${env}), and \`envFrom\`, which cannot be read here, may define it`
  if (isBehindAll(container, env) && source === cmdArgs)
    return `must be left out, as ${env} comes behind all variables here, and gunicorn listens on it without being told`
  if (portVariable === 'wrong') return `must be written as $(${env}), and ${env} must hold the number of a port`
  if (source === cmdArgs) return `must be written as $(${env}), with ${env} defined above ${cmdArgs}`
  if (written && form === 'shell' && portVariable === 'defined')
    return `must be written as $${env}, as the shell takes $(${env}) for a command`
  if (written && argument?.word.text.includes(`$$(${env})`)) return `must be written as $(${env}), as $$ keeps Kubernetes from expanding it`
  if (written && portVariable === 'defined') return `must be written as $(${env}), as the variable that it comes from was not expanded`
  return written ? `${env} must be defined in \`env\`` : `must be written as $(${env}), as no shell expands it`
}
