/** Addresses with the name of the port's variable where nobody expands it. */
import { namesPort, withPortVariable } from '../../gunicorn/port-variable.ts'
import type { Entry, Setting } from '../../gunicorn/settings.ts'
import { cmdArgs } from '../../gunicorn/variables.ts'
import type { Word } from '../../shell/word.ts'
import type { Fix, Subject } from '../rule.ts'
import { isUnexpanded } from './unexpanded.ts'

interface LiteralPort {
  readonly setting: Setting
  readonly entry: Entry
  /** The address as it is written. */
  readonly text: string
  /** Undefined where nothing tells a port that could be read, or that alone would not make an address of it. */
  readonly fix: Fix | undefined
  /** Whether a release refuses the word. */
  readonly isRefused: boolean
}

export function* literalPorts(subject: Subject): Iterable<LiteralPort> {
  const setting = subject.settings.get('bind')
  if (setting?.source !== 'command line' && setting?.source !== cmdArgs) return
  const { env } = subject.platform.port
  const refused = isUnexpanded(subject, setting.source) ? refusedWords(subject) : new Set<Word>()
  for (const entry of setting.entries) {
    // What a list holds is known but for what Kubernetes expands; what a script holds may be for the shell to expand.
    const text = entry.argument?.text ?? (subject.form === 'shell' ? writtenIn(entry) ?? entry.argument?.word.text : undefined)
    const value = text === undefined ? undefined : withPortVariable(text, env)
    if (text === undefined || value === undefined || isExpanded(subject, setting, text)) continue
    if (!entry.argument || isSocket(text) || !namesPort(subject, setting.source, entry.argument.word)) continue
    // A port alone is no address: gunicorn would take it for a host.
    const fix = hasOther(value, env) ? undefined : fixOf(subject, setting, entry, value === `$${env}` ? `:${value}` : value)
    yield { setting, entry, text, fix, isRefused: refused.has(entry.argument.word) }
  }
}

/** The name of a file may hold anything. */
const isSocket = (text: string): boolean => /^unix:/i.test(text)

/** Whether a second variable stands in an address, which nobody expands either. */
const hasOther = (value: string, env: string): boolean => /\$[({A-Za-z_]/.test(value.replace(`$${env}`, ''))

const refusedWords = ({ settings }: Subject): ReadonlySet<Word> =>
  new Set(
    settings.problems.flatMap(({ fault, setting, word }) => (fault === 'invalid-setting' && setting === 'bind' && word ? [word] : [])),
  )

/** A value as it is written, where its option is written in front of it as it is. */
function writtenIn({ argument }: Entry): string | undefined {
  if (!argument) return undefined
  const { word: { text, prefix }, offset } = argument
  return text.startsWith(prefix.slice(0, offset)) ? text.slice(offset).replace(/^"([^"]*)"$/, '$1') : undefined
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
export const isBehindAll = ({ assigned = [] }: Subject['container'], env: string): boolean => assigned.some(({ name }) => name === env)
