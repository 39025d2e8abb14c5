import { namesPort, withPortVariable } from '../gunicorn/port-variable.ts'
import type { Entry, Setting } from '../gunicorn/settings.ts'
import { cmdArgs } from '../gunicorn/variables.ts'
import { invalid } from './problem.ts'
import { defineRule, type Fix, type Subject } from './rule.ts'

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
    const setting = subject.settings.get('bind')
    if (setting?.source !== 'command line' && setting?.source !== cmdArgs) return
    const { env } = subject.platform.port
    for (const entry of setting.entries) {
      // What a list holds is known but for what Kubernetes expands; what a script holds may be for the shell to expand.
      const text = entry.argument?.text ?? (subject.form === 'shell' ? writtenIn(entry) ?? entry.argument?.word.text : undefined)
      const value = text === undefined ? undefined : withPortVariable(text, env)
      if (text === undefined || value === undefined || isExpanded(subject, setting, text)) continue
      if (!entry.argument || !namesPort(subject, setting.source, entry.argument.word)) continue
      // A port alone is no address: gunicorn would take it for a host.
      const fix = fixOf(subject, setting, entry, value === `$${env}` ? `:${value}` : value)
      const remedy = remedyFor(subject, setting)
      yield invalid(subject, setting, entry, detail(subject, setting, entry, text), { value: text,
        ...(remedy === undefined ? {} : { remedy }), ...(fix ? { fix } : {}) })
    }
  },
})

/** A value as it is written, where its option is written in front of it as it is. */
function writtenIn({ argument }: Entry): string | undefined {
  if (!argument) return undefined
  const { word: { text, prefix }, offset } = argument
  return text.startsWith(prefix.slice(0, offset)) ? text.slice(offset).replace(/^"([^"]*)"$/, '$1') : undefined
}

function remedyFor({ form, container, platform, portVariable }: Subject, { source }: Setting): string | undefined {
  if (source !== 'command line') return isBehindAll(container, platform.port.env) ? `Leave the bind out of ${cmdArgs}.` : undefined
  return form === 'shell' && portVariable === 'defined' ? `Write \`$${platform.port.env}\`, which the shell expands.` : undefined
}

/** A shell expands what stands in its script, or leaves it as another rule says, but for Kubernetes' own form, which it takes for a command. */
function isExpanded({ form, platform }: Subject, { source }: Setting, text: string): boolean {
  return form === 'shell' && source !== cmdArgs && !text.includes(`$(${platform.port.env})`)
}

/** Undefined where nothing tells a port that could be read. */
function fixOf({ form, container, platform, portVariable }: Subject, { source }: Setting, entry: Entry, value: string): Fix | undefined {
  if (portVariable !== 'defined' && portVariable !== 'definable') return undefined
  const isEscaped = form === 'shell' && portVariable === 'defined' && writtenIn(entry) !== undefined
  if ((form === 'exec' && !container.process) || source !== 'command line' || isEscaped) return { setting: 'bind', value, entry }
  return portVariable === 'definable' && isWritten(container, platform.port.env) ? { define: 'port' } : undefined
}

/** Whether the command itself names the variable: what comes by way of another one stands above its definition, and would stay as it is. */
const isWritten = ({ command = [], args = [] }: Subject['container'], env: string): boolean =>
  [...command, ...args].some((text) => withPortVariable(text, env) !== undefined)

/** Whether the variable is put in behind those of `env`, which cannot refer to it. */
const isBehindAll = ({ assigned = [] }: Subject['container'], env: string): boolean => assigned.some(({ name }) => name === env)

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
