/** A text as a file that Paddock reads, and where a place in that file stands in the text. Pure. */
import type { Kind } from './asked.ts'

export interface Wrapped {
  readonly name: string
  readonly text: string
  /** A place of the file as one of the text, both from 1 on; undefined for one that only the file has. */
  readonly placeOf: (line: number, column: number) => { readonly line: number; readonly column: number } | undefined
  /** The text within a file that was mended; undefined where more than the text has changed, which the file shows. */
  readonly unwrapped: (mended: string) => string | undefined
}

const processName = 'web: '
const head = ['apiVersion: v1', 'kind: Pod', 'metadata:', '  name: playground', 'spec:', '  containers:', '    - name: web',
  '      command:', '        - sh', '        - -c', '        - |']
const indentation = ' '.repeat(10)

const asItIs = (name: string, text: string): Wrapped => ({ name, text, placeOf: (line, column) => ({ line, column }),
  unwrapped: (mended) => mended })

export function wrapped(kind: Kind, text: string): Wrapped {
  if (kind === 'manifest') return asItIs('manifest.yaml', text)
  if (kind === 'procfile') return asItIs('Procfile', text)
  return kind === 'command' ? command(text) : script(text)
}

function command(text: string): Wrapped {
  const line = text.trim()
  const before = text.indexOf(line)
  return {
    name: 'Procfile',
    text: `${processName}${line}\n`,
    placeOf: (_, column) => ({ line: 1, column: Math.max(1, column - processName.length) + before }),
    unwrapped: (mended) => mended.startsWith(processName) ? mended.slice(processName.length).trimEnd() : undefined,
  }
}

function script(text: string): Wrapped {
  const lines = text.replaceAll('\r\n', '\n').trimEnd().split('\n')
  const start = `${head.join('\n')}\n`
  return {
    name: 'pod.yaml',
    text: `${start}${lines.map((line) => (line === '' ? '' : `${indentation}${line}`)).join('\n')}\n`,
    placeOf: (line, column) =>
      line > head.length && line <= head.length + lines.length
        ? { line: line - head.length, column: Math.max(1, column - indentation.length) } : undefined,
    unwrapped(mended) {
      const rest = mended.startsWith(start) ? mended.slice(start.length).trimEnd().split('\n') : []
      return rest.length > 0 && rest.every((line) => line === '' || line.startsWith(indentation))
        ? rest.map((line) => line.slice(indentation.length)).join('\n') : undefined
    },
  }
}
