/** The regular expressions of TypeScript sources. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseSync } from 'oxc-parser'

export interface Written {
  /** `src/yaml/values.ts:45` */
  readonly place: string
  /** Undefined for one that is put together when it runs. */
  readonly expression: RegExp | undefined
}

/** Those that the sources of a folder hold: literals, and what is made by `RegExp`. */
export function* writtenIn(root: string, folder: string): Generator<Written> {
  for (const name of readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).filter((one) => one.endsWith('.ts')).sort()) {
    const text = readFileSync(join(root, folder, name), 'utf8')
    const { program, errors } = parseSync(name, text)
    if (errors.length > 0) throw new Error(`${name}: ${errors[0]?.message}`)
    for (const node of nodesOf(program)) {
      const expression = expressionOf(node)
      if (expression !== null) yield { place: `${folder}/${name}:${text.slice(0, node.start).split('\n').length}`, expression }
    }
  }
}

interface SourceNode {
  readonly type: string
  readonly start: number
  readonly regex?: { readonly pattern: string; readonly flags: string }
  readonly callee?: { readonly name?: string }
  readonly arguments?: readonly { readonly type: string; readonly value?: unknown }[]
}

function* nodesOf(value: unknown): Generator<SourceNode> {
  if (typeof value !== 'object' || value === null) return
  if ('type' in value && typeof value.type === 'string') yield value as SourceNode
  for (const member of Object.values(value)) yield* nodesOf(member)
}

/** The expression of a node; null where it is none. */
function expressionOf({ type, regex, callee, arguments: words = [] }: SourceNode): RegExp | undefined | null {
  if (regex) return new RegExp(regex.pattern, regex.flags)
  if (callee?.name !== 'RegExp' || (type !== 'NewExpression' && type !== 'CallExpression')) return null
  const [pattern = '', flags = ''] = words.map(({ value }) => value)
  return words.every((word) => typeof word.value === 'string') ? new RegExp(String(pattern), String(flags)) : undefined
}
