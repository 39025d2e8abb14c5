/** Unified diffs, coloured for a person. */
import { createTwoFilesPatch } from 'diff'
import { visible } from '../kubernetes/visible.ts'
import type { Style } from './io.ts'

export function unifiedDiff(name: string, before: string, after: string, paint: (style: Style, text: string) => string): string {
  const path = visible(name.replace(/^(\.?\/)+/, ''))
  const patch = createTwoFilesPatch(`a/${path}`, `b/${path}`, before, after, undefined, undefined, { context: 3 })
  const lines = patch.split('\n').filter((line) => !/^=+$/.test(line))
  return lines.map((line) => (line === '' ? line : paintLine(line, paint))).join('\n')
}

function paintLine(line: string, paint: (style: Style, text: string) => string): string {
  if (line.startsWith('---') || line.startsWith('+++')) return paint('bold', line)
  if (line.startsWith('@@')) return paint('cyan', line)
  if (line.startsWith('+')) return paint('green', line)
  return line.startsWith('-') ? paint('red', line) : line
}
