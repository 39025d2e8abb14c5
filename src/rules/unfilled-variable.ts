import type { Entry, Setting } from '../gunicorn/settings.ts'
import { invalid } from './problem.ts'
import { defineRule, type Problem, type Subject } from './rule.ts'
import { adviceOnUnexpanded } from './subject/unexpanded.ts'

/** What names a file, a folder or a user that must be there; of a file that is made, its folder. Confirmed by test/conformance/start-failures.test.ts. */
const mustBeThere: Readonly<Record<string, 'itself' | 'folder'>> = {
  config: 'itself',
  chdir: 'itself',
  worker_tmp_dir: 'itself',
  logconfig: 'itself',
  certfile: 'itself',
  keyfile: 'itself',
  user: 'itself',
  group: 'itself',
  pidfile: 'folder',
  accesslog: 'folder',
  errorlog: 'folder',
}

export default defineRule({
  id: 'unfilled-variable',
  severity: 'error',
  action: 'Deny',
  summary: 'a value holds a variable that nobody fills',
  why:
    'In a list no shell expands `$NAME`, and a shell leaves what stands in single quotes. The kubelet expands `$(NAME)` where `env` defines NAME, for a variable of `env` above it; else it leaves the text as it is. ' +
    'Of a Service, NAME_PORT holds `tcp://…`, which is no port. gunicorn then looks for a file, a user or a port of that name, and exits.',
  remedy: 'Write `$(NAME)`, and define NAME in `env` before it is used.',
  settings: [...Object.keys(mustBeThere), 'bind'],

  *check(subject) {
    // Nearly no command has one.
    if (!subject.words.some(({ text, value }) => (subject.form === 'exec' ? text : value ?? '').includes('$'))) return
    for (const [name, what] of Object.entries(mustBeThere)) {
      const setting = subject.settings.get(name)
      if (setting?.source !== 'command line') continue
      for (const entry of setting.entries)
        if (isLiteral(entry, what))
          yield invalid(subject, setting, entry, `must be ${kindOf(name, what)} that is there: nobody expands the variable in it`,
            remedyFor(subject, setting, entry))
    }
    if (subject.form === 'shell') return
    const bind = subject.settings.get('bind')
    if (bind?.source === 'command line') { for (const entry of bind.entries) yield* portFault(subject, bind, entry) }
  },
})

const kindOf = (name: string, what: 'itself' | 'folder'): string =>
  name === 'user' || name === 'group' ? `a ${name}`
    : name === 'chdir' || name === 'worker_tmp_dir' ? 'a folder' : what === 'folder' ? 'in a folder' : 'a file'

function remedyFor(subject: Subject, { source }: Setting, { argument }: Entry): Pick<Problem, 'remedy'> {
  const remedy = argument ? adviceOnUnexpanded(subject, source, argument.text ?? '', argument.word) : undefined
  return remedy === undefined ? {} : { remedy }
}

/** Whether a variable stands in a word as it is. */
function isLiteral({ argument }: Entry, what: 'itself' | 'folder'): boolean {
  if (argument?.text == null || argument.word.text.includes('$$')) return false
  const { text } = argument
  return /\$(\w|\{\w+\}|\(\w+\))/.test(what === 'itself' ? text : text.slice(0, Math.max(0, text.lastIndexOf('/'))))
}

/** The variables in an address that hold no port, whether a Service defines them or nobody does. */
function* portFault(subject: Subject, setting: Setting, entry: Entry): Iterable<Problem> {
  const text = entry.argument?.word.text
  if (entry.value !== undefined || text === undefined || text.includes('$$')) return
  const fault = unfilled(subject, text)
  if (!fault) return
  const { name, holder } = fault
  const late = holder !== undefined && subject.environment.variables.has(name)
  yield invalid(subject, setting, entry, late ? `must not depend on ${holder}, which refers to ${name} before it is defined`
    : `must not depend on ${name}, which nothing defines, and which a Service would define as \`tcp://…\``, {
    value: text,
    remedy: late ? `Define ${name} in \`env\` before ${holder}.` : `Define ${name} in \`env\`.`,
  })
}

/** A name that only a Service may define, which is none of those that hold a port or a host. */
const isServiceAddress = (name: string): boolean =>
  /^[A-Z0-9_]+_PORT$/.test(name) && !name.includes('_SERVICE_PORT') && !/_PORT_\d/.test(name)

function unfilled({ environment }: Subject, text: string): { readonly name: string; readonly holder: string | undefined } | undefined {
  const { variables, mayComeFromElsewhere } = environment
  const isNobodys = (name: string): boolean => isServiceAddress(name) && !mayComeFromElsewhere(name)
  for (const [, name = ''] of text.matchAll(/\$\((\w+)\)/g)) {
    const variable = variables.get(name)
    if (!variable) {
      if (isNobodys(name)) return { name, holder: undefined }
      continue
    }
    for (const [, inner = ''] of (variable.entry.value ?? '').matchAll(/\$\((\w+)\)/g)) {
      const other = variables.get(inner)
      const isAbove = other !== undefined && other.entry.index < variable.entry.index
      if (!isAbove && isNobodys(inner)) return { name: inner, holder: name }
    }
  }
  return undefined
}
