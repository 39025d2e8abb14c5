/**
 * What a piece of a script may change: for what runs several times, or later, and so cannot be followed step by step.
 */
import { spend } from '../budget.ts'
import { forEachChild, type Syntax } from './syntax.ts'

export interface Writes {
  /** Variables that it may set or unset. */
  readonly names: Set<string>
  /** True where it may change any of them. */
  everything: boolean
  /** True where it may change `$1`, `$2`, … */
  parameters: boolean
  /** True where it may make the shell leave, other than with a failure. */
  leaves: boolean
  /** True where it may change the shell's options. */
  options: boolean
  /** True where it may fail in arithmetic, after which bash goes on with the next line. */
  stops: boolean
  /** True where it may make variables read-only. */
  fixes: boolean
  /** The commands whose name is a variable, or `"$@"`: where nothing says that they are programs, they may change everything. */
  readonly called: Syntax.Word[]
}

const simple = /^(?:"?\$(?:[A-Za-z_]\w*|\{[A-Za-z_]\w*\})"?|"\$@")$/

const declarations = new Set('export readonly local declare typeset read unset getopts mapfile readarray let'.split(' '))
const anythings = new Set('eval . source alias unalias shopt enable'.split(' '))
const leaving = new Set(['exit', 'exec', 'return'])

/** Whether a command is a program for sure, by its name: no builtin, which may change something. */
export const isProgram = (name: string): boolean =>
  /^[\w./-]+$/.test(name) && !declarations.has(name) && !anythings.has(name) && !leaving.has(name) &&
  !/^(set|shift|trap|printf|wait|command|builtin|break|continue|cd|pushd|popd|hash|times|umask|ulimit|fg|bg|jobs|disown|suspend|bind|complete|compgen|compopt|dirs|fc|history|logout|caller)$/
    .test(name)
const identifiers = /[A-Za-z_]\w*/g

/**
 * What running the node may change, in the shell that runs it; with `deep`, in subshells and functions too. Conservative: what is
 * not read is taken to change everything.
 */
export function writesOf(node: Syntax.SyntaxNode, source: string, deep = false): Writes {
  const text = source.slice(node.pos, node.end)
  spend(text.length / 50)
  const writes: Writes = {
    names: assignedIn(text),
    everything: false,
    parameters: false,
    leaves: false,
    options: false,
    fixes: false,
    stops: /\(\(|\$\[/.test(text),
    called: [],
  }
  let depth = 0
  const visit = (child: Syntax.SyntaxNode): void => {
    switch (child.type) {
      case 'Assignment':
        writes.names.add(child.name)
        return
      case 'Word':
        if (deep && /[`$<>]\(|`/.test(child.text)) inText(child.text, writes)
        return
      case 'Redirect':
      case 'HereString':
        return
      case 'HereDoc':
        // It stands behind the node that it belongs to.
        for (const name of assignedIn(child.body.text)) writes.names.add(name)
        return
      case 'For':
      case 'Select':
        writes.names.add(child.name.text)
        break
      case 'Command':
        command(child, writes)
        break
      // What these do stays with them, until a function is called.
      case 'Subshell':
      case 'Function':
      case 'Coproc':
        if (!deep) return
        break
    }
    depth++
    forEachChild(child, visit, depth)
    depth--
  }
  visit(node)
  return writes
}

/** The functions that a script defines; undefined where it defines none. What is within substitutions is not looked at. */
export function functionsOf(script: Syntax.Script, source: string): Syntax.Function[] | undefined {
  if (!/\(\s*\)|function/.test(source)) return undefined
  const found: Syntax.Function[] = []
  let depth = 0
  const visit = (child: Syntax.SyntaxNode): void => {
    if (child.type === 'Word' || child.type === 'Assignment') return
    if (child.type === 'Function') found.push(child)
    depth++
    forEachChild(child, visit, depth)
    depth--
  }
  visit(script)
  return found.length > 0 ? found : undefined
}

/** The variables that expansions in a text may set: by `${NAME:=…}` and by arithmetic. */
export function assignedIn(text: string): Set<string> {
  const names = new Set<string>()
  for (const match of text.matchAll(/\$\{([A-Za-z_]\w*):?=/g)) if (match[1] !== undefined) names.add(match[1])
  if (!/\(\(|\$\[/.test(text) || !/(?<![=!<>])=(?!=)|\+\+|--/.test(text)) return names
  // What is nested is not taken apart.
  const parts = /\(\([^)]*\(/.test(text) ? [text] : text.match(/\(\([^)]*(?:\)|$)|\$\[[^\]]*(?:\]|$)/g) ?? []
  for (const part of parts) for (const name of part.match(identifiers) ?? []) names.add(name)
  return names
}

/** What the commands of a substitution may change, for functions that they call. */
function inText(text: string, writes: Writes): void {
  spend(text.length / 50)
  for (const [, word = ''] of text.matchAll(/(?<!\w)(\w+)\+?=/g)) writes.names.add(word.replace(/^\d+/, ''))
  const telling = /(^|[^\w-])(eval|\.|source|read|unset|local|declare|typeset|getopts|set|shift|for)([^\w-]|$)/
  if (telling.test(text)) writes.everything = true
}

function command(node: Syntax.Command, writes: Writes): void {
  if (node.name === undefined) return
  const words = [node.name, ...node.args]
  let index = 0
  const textAt = (at: number): string => words[at]?.text ?? ''
  while (/^(command|builtin)$/.test(textAt(index))) {
    index++
    while (textAt(index).startsWith('-')) index++
  }
  const name = textAt(index)
  if (name !== '[' && /[$`\\'"*?[~{\uE000-\uF8FF\uFDD0]/.test(name)) {
    const word = words[index]
    if (word?.type === 'Word' && simple.test(name)) writes.called.push(word)
    else if (!name.includes('/')) writes.everything = true
    return
  }
  const next = textAt(index + 1)
  if (anythings.has(name)) writes.everything = true
  else if (name === 'trap') { for (const word of words.slice(index + 1)) inText(word.text, writes) }
  else if (leaving.has(name)) writes.leaves ||= name === 'exit' ? !/^[1-9]\d*$/.test(next) : name === 'return' || next !== ''
  else if (name === 'set' || name === 'shift') writes.parameters = writes.options = true
  else if (declarations.has(name) || (name === 'printf' ? /^(-v|"?[$`])/.test(next) : name === 'wait' && next.startsWith('-'))) {
    if (name === 'readonly' || (/^(declare|typeset|local)$/.test(name) && /^[-+$"`]/.test(next))) writes.fixes = true
    if (/^(declare|typeset|local)$/.test(name) && /^-\w*n/.test(next)) writes.everything = true
    if (name === 'mapfile' || name === 'readarray') writes.names.add('MAPFILE')
    if (name === 'read') writes.names.add('REPLY')
    for (const word of words.slice(index + 1)) {
      if (word.type === 'Assignment') writes.names.add(word.name)
      else if (/[$`\\'"*?[{]/.test(word.text)) writes.everything ||= !/^[A-Za-z_]\w*=/.test(word.text)
      for (const found of word.text.match(identifiers) ?? []) writes.names.add(found)
    }
  }
}
