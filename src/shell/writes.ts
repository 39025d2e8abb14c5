/**
 * What a piece of a script may change: for what runs several times, or later, and so cannot be followed step by step.
 */
import type { Syntax } from './syntax.ts'

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
}

const declarations = new Set('export readonly local declare typeset read unset getopts mapfile readarray let wait'.split(' '))
const anythings = new Set('eval . source alias unalias trap shopt enable'.split(' '))
const leaving = new Set(['exit', 'exec', 'return'])
const identifiers = /[A-Za-z_]\w*/g

/** What running the node may change, in the shell that runs it. Conservative: what is not read is taken to change everything. */
export function writesOf(node: Syntax.SyntaxNode, source: string, forEachChild: typeof Syntax.forEachChild): Writes {
  const writes: Writes = { names: new Set(), everything: false, parameters: false, leaves: false, options: false }
  const text = source.slice(node.pos, node.end)
  // `${NAME:=…}` and arithmetic may stand in any word.
  for (const match of text.matchAll(/\$\{([A-Za-z_]\w*)\}?:?=/g)) if (match[1] !== undefined) writes.names.add(match[1])
  if (/\(\(|\$\[/.test(text) && /(?<![=!<>])=(?!=)|\+\+|--/.test(text)) {
    for (const [inner] of text.matchAll(/\(\([^)]*\)|\$\[[^\]]*\]/g)) for (const name of inner.match(identifiers) ?? []) writes.names.add(name)
    if (/\(\([^)]*\([^)]*\)/.test(text)) for (const name of text.match(identifiers) ?? []) writes.names.add(name)
  }
  const visit = (child: Syntax.SyntaxNode): void => {
    switch (child.type) {
      case 'Assignment':
        writes.names.add(child.name)
        return
      case 'Word':
      case 'Redirect':
      case 'HereDoc':
      case 'HereString':
        return
      case 'For':
      case 'Select':
        writes.names.add(child.name.text)
        break
      case 'Command':
        command(child, writes)
        break
      // What these do stays with them, whatever may leave included.
      case 'Subshell':
      case 'Function':
      case 'Coproc':
        return
    }
    forEachChild(child, visit)
  }
  visit(node)
  return writes
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
  if (/[$`\\'"*?[~{\uE000-\uF8FF\uFDD0]/.test(name)) {
    if (!name.includes('/')) writes.everything = true
    return
  }
  if (anythings.has(name)) writes.everything = true
  else if (leaving.has(name)) writes.leaves ||= !(name === 'exit' && /^[1-9]\d*$/.test(textAt(index + 1))) && !(name === 'exec' && words.length === index + 1)
  else if (name === 'set' || name === 'shift') writes.parameters = writes.options = true
  else if (declarations.has(name) || (name === 'printf' && textAt(index + 1).startsWith('-v'))) {
    if (name === 'mapfile' || name === 'readarray') writes.names.add('MAPFILE')
    if (name === 'read') writes.names.add('REPLY')
    for (const word of words.slice(index + 1)) {
      if (word.type === 'Assignment') writes.names.add(word.name)
      else if (/[$`\\'"*?[{]/.test(word.text)) writes.everything ||= !/^[A-Za-z_]\w*=/.test(word.text)
      for (const found of word.text.match(identifiers) ?? []) writes.names.add(found)
    }
  }
}
