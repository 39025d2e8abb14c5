/** What a command of a platform's file comes to: the words that the program gets, in each of the ways that platforms have. */
import { unlessUnread } from '../budget.ts'
import { splitWords } from '../gunicorn/shlex.ts'
import type { Element } from '../kubernetes/element.ts'
import { escape, expand, expandRewritten, type Expanded } from '../kubernetes/expansion.ts'
import type { EnvVar } from '../kubernetes/workload.ts'
import { Environment } from '../shell/environment.ts'
import { shellScript } from '../shell/invocation.ts'
import { readScript } from '../shell/script.ts'
import type { Word } from '../shell/word.ts'
import type { Spelling } from './platform-command.ts'
import type { Mode } from './platform.ts'
import type { Command, WrittenText } from './process.ts'
import type { Remark } from './remarks.ts'

export interface CommandLine {
  /** Empty where it cannot be told what is started. */
  readonly elements: readonly Element[]
  /** Where the words are not those that are written. */
  readonly remarks: readonly Remark[]
}

const nothing: CommandLine = { elements: [], remarks: [] }

/** How what is put in is written in each mode. */
export const spellings: Readonly<Record<Mode, Spelling>> = {
  bash: { literal: String, variable: (name) => `$${name}` },
  sh: { literal: String, variable: (name) => `$${name}` },
  splits: { literal: String, variable: (name) => `$${name}` },
  words: { literal: escape, variable: (name) => `$${name}` },
  env: { literal: escape, variable: (name) => `$(${name})` },
  token: {
    // Blanks in a row would become one, and what stands between blanks may become the names of files: those blanks are written as an expansion.
    literal: (text) => text.replaceAll(/[\\"$`]/g, '\\$&').replaceAll(isGlobbed(text) ? / /g : / (?= )/g, '${IFS:0:1}'),
    variable: (name) => `$${name}`,
    swallows: (flag) => isEchoOption(flag),
  },
}

/** Whether a part between blanks is a pattern, which the names of files may take the place of. The quotes before the first and behind the last keep those. */
const isGlobbed = (word: string): boolean => word.split(/[ \t\n]+/).slice(1, -1).some((part) => /[*?[]/.test(part))

/** An option of bash's `echo`, which it does not write. */
const isEchoOption = (word: string): boolean => /^-[neE]+$/.test(word)

/** The words before any shell, and what is lost on the way to them. */
export function commandLine(command: Command, mode: Mode, variables: readonly EnvVar[]): CommandLine {
  if (command.form === 'none') return nothing
  if (command.form === 'text') return textLine(command.text, mode, variables)
  if (mode === 'token') return tokenLine(command.words, variables)
  const lookup = lookupIn(variables)
  return {
    elements: command.words.map(({ path, value }) => ({ path, text: value,
      expanded: mode === 'words' ? rewritten(value, lookup) : expand(value, lookup) })
    ),
    remarks: [],
  }
}

function textLine(text: WrittenText, mode: Mode, variables: readonly EnvVar[]): CommandLine {
  const { path, value } = text
  if (mode === 'words' || mode === 'env') return splitLine(text, mode, variables)
  const element = (word: string): Element => ({ path, text: word, expanded: asIs(word) })
  const script = [mode === 'sh' ? 'sh' : 'bash', '-c', value].map(element)
  if (mode !== 'splits') return { elements: script, remarks: [] }
  const [lost] = value.match(/["'\\`]|&&|\|\|?|[;<>()]|^[A-Za-z_]\w*=/) ?? []
  if (lost === undefined) return { elements: script, remarks: [] }
  const detail = `must not hold ${
    JSON.stringify(lost)
  }: the platform expands variables and splits the text at blanks, whatever quotes and operators say`
  return { elements: [],
    remarks: [mangled(text, 0, value.length, value, detail, 'Start a script of the repository instead, which holds the command.')] }
}

// Words that go to Kubernetes

/** What the app server makes of one variable's default, before the text is split (`_sanitize_args`). */
const portDefault = '${PORT:-5000}'

function splitLine(text: WrittenText, mode: 'words' | 'env', variables: readonly EnvVar[]): CommandLine {
  const { path, value } = text
  const words = splitWords(value)
  if (!Array.isArray(words))
    return { elements: [], remarks: [{
      ...mangled(text, 0, value.length, value, `must be words as a shell quotes them: the platform fails on it ("${words.error}")`,
        'Close the quotation.'),
      rule: 'refused-description',
    }] }
  const lookup = lookupIn(variables)
  const elements = words.map((word): Element => {
    const { start, end } = word
    const given = word.value ?? ''
    const expanded = mode === 'words' ? rewritten(given, lookup) : expand(given, lookup)
    return { path, text: word.text, expanded, at: { start, end } }
  })
  const program = mode === 'env' ? words.findIndex(({ value }) => !/^[A-Za-z_]\w*=/.test(value ?? '')) : 0
  const script = scriptIndex(words)
  return { elements, remarks: words.flatMap((word, index) => shellRemark(text, word, mode, index === program, index === script) ?? []) }
}

/** Which word is a script that a shell among the words reads. */
function scriptIndex(words: readonly Word[]): number {
  for (const index of words.keys()) {
    const found = shellScript(words, false, index)
    if (found) return found.script
  }
  return -1
}

/** What only a shell would understand; no shell reads it here. */
function shellRemark(text: WrittenText, word: Word, mode: 'words' | 'env', isProgram: boolean, isScript: boolean): Remark | undefined {
  const value = word.value ?? ''
  const plain = word.text.replaceAll(/'[^']*(?:'|$)|"(?:\\[^]|[^"\\])*(?:"|\\?$)/g, '')
  const tell = (detail: string, remedy: string): Remark => mangled(text, word.start, word.end, word.text, detail, remedy)
  const shell = 'Write `bash -c "…"` around the command, or start a script.'
  if (isScript && mode === 'env') return undefined
  if (/^(?:&&|\|\|?|;|&|\d*[<>].*)$/.test(plain) || plain.endsWith(';'))
    return tell('must be a word of the program: no shell reads it here, and it is passed on as an argument', shell)
  // `$(NAME)` is what Kubernetes expands.
  if (!isScript && /`|\$\((?![A-Z_][A-Z0-9_]*\))/.test(word.text))
    return tell('must not be for a shell to work out: none reads it here, and it is passed on as it is', shell)
  if (isProgram && mode === 'words' && /^[A-Za-z_]\w*=/.test(value))
    return tell('must be a program: no shell reads the assignment here, and a file of that name is looked for',
      'Set the variable in the environment of the app.')
  if (isProgram && /^(?:exec|cd|export|source|\.)$/.test(value))
    return tell('must be a program: no shell reads it here, and there is no program of that name',
      mode === 'env' || value !== 'exec' ? shell : 'Remove `exec`: no shell stands before the program.')
  if (mode === 'words' && /\$\{[A-Za-z_]\w*[^}\w]/.test(value.replaceAll(portDefault, '')))
    return tell(`must not have a default: the platform reads no more than \${NAME} here, and ${portDefault} as it is`,
      'Set the variable in the environment of the app, and write `$NAME`.')
  if (mode === 'env' && /\$\{?[A-Za-z_]/.test(value))
    return tell('must not hold a variable: nobody expands it here', 'Write `$(NAME)`, which Kubernetes expands.')
  return undefined
}

/** What the kubelet makes of a word once the operator has rewritten it; the one default that is known is dropped before. */
function rewritten(value: string, lookup: ReturnType<typeof lookupIn>): Expanded {
  if (!value.includes(portDefault)) return expandRewritten(value, lookup)
  // Offsets are not those of the source then. Only words as wholes are placed.
  return { ...expandRewritten(value.replaceAll(portDefault, '${PORT}'), lookup), source: (offset) => Math.min(offset, value.length) }
}

/** A variable that is not told of may be set by the platform, an add-on, or in its console. */
function lookupIn(variables: readonly EnvVar[]): (name: string) => string | null {
  const known = new Map(variables.map(({ name, value }) => [name, value ?? null]))
  // The platform takes names in upper case alone.
  return (name) => (known.has(name) || /^[A-Z_][A-Z0-9_]*$/.test(name) ? (known.get(name) ?? null) : `$(${name})`)
}

// Words that go through `"$(eval echo \"…\")"`, one by one

function tokenLine(words: readonly WrittenText[], variables: readonly EnvVar[]): CommandLine {
  const environment = new Environment(variables.map(({ name, value }) => [name, value ?? null]), false)
  const remarks: Remark[] = []
  const elements = words.map((written): Element => {
    const { path, value } = written
    const got = echoed(value, environment)
    const expanded: Expanded = got === null ? { ...asIs('\ue000'), unknown: [''] } : asIs(got)
    if (got !== null && got !== value && !isMeant(value, got, environment)) {
      const detail = `must come through \`eval echo "…"\` as it is, and becomes ${JSON.stringify(got)}`
      remarks.push(mangled(written, 0, value.length, value, detail, 'Write the command in one string, as `procCommand`.'))
    }
    return { path, text: value, expanded }
  })
  return { elements, remarks }
}

/** What `eval echo "WORD"` writes, as `$(…)` takes it; null where that is not known. */
function echoed(word: string, environment: Environment): string | null {
  if (isGlobbed(word)) return null
  // The word is split at blanks before `eval` joins it again.
  const script = `echo "${word.split(/[ \t\n]+/).join(' ')}"`
  const read = unlessUnread(() => readScript(script, { dialect: 'bash', environment }))
  if (!read) return null
  const { commands, errors } = read
  if (errors.length > 0) return ''
  const [command] = commands
  if (commands.length !== 1 || command?.words[0]?.value !== 'echo') return null
  const values = command.words.slice(1).map(({ value, splits }) => (splits ? null : value))
  while (values[0] != null && isEchoOption(values[0])) values.shift()
  return values.includes(null) ? null : values.join(' ').replace(/(?<!\n)\n+$/, '')
}

/** True where the word was written for double quotes: what it holds for a shell comes of it, and nothing else is lost. */
function isMeant(word: string, got: string, environment: Environment): boolean {
  if (/^(?:[^\\"]|\\[^])*"/.test(word)) return false
  const read = unlessUnread(() => readScript(`: "${word}"`, { dialect: 'bash', environment }))
  return read?.errors.length === 0 && read.commands[0]?.words[1]?.value === got
}

// Words

const asIs = (text: string): Expanded => ({ text, unknown: [], undefined: [], source: (offset) => offset })

function mangled({ path, range, offset }: WrittenText, start: number, end: number, value: string, detail: string, remedy: string): Remark {
  const inFile = offset ? { start: offset(start), end: offset(end) } : range
  return { rule: 'mangled-command', path, inFile, shape: 'Invalid value', value, detail, remedy }
}
