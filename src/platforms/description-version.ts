/** Which version of app_desc.yaml a file is of, and what the platform says where it is of none. */
import type { Path } from '../kubernetes/field.ts'
import { keyText, member, str, type Entry, type Mapping, type Range, type Value } from '../yaml/python-value.ts'

interface UnknownVersion {
  readonly message: string
  readonly at: Range
  readonly path: Path
  readonly value: string | undefined
  readonly remedy: string
}

/** `spec_version or specVersion`, as Python says it: the first one that is not empty. */
export function versionOf(document: Mapping): { readonly number: 2 | 3; readonly ignored: Entry | undefined } | UnknownVersion {
  const entries = ['spec_version', 'specVersion'].flatMap((name) =>
    document.entries.find(({ key }) => key.type === 'string' && key.value === name) ?? []
  )
  const [found, other] = entries.filter(({ value }) => isTrue(value))
  if (!found) {
    const code = member(document, 'app_code')
    const at = code ?? { start: document.start, end: document.start + 1 }
    if (code)
      return { message: 'app spec version "1" is not supported', at, path: ['app_code'], value: str(code),
        remedy: 'Write it as version 3, `specVersion: 3`, or version 2, `spec_version: 2`: `app_code` is of version 1, which is gone.' }
    return { message: 'no spec version is specified', at, path: ['spec_version'], value: undefined,
      remedy: 'Write `specVersion: 3`, or `spec_version: 2`.' }
  }
  const { value } = found
  const number = value.type === 'int' || value.type === 'float' ? Number(value.text) : undefined
  if (number === 2 || number === 3) return { number, ignored: other }
  const written = value.type === 'string' ? `, and ${JSON.stringify(value.value)} is a string` : ''
  const message = `app spec version ${JSON.stringify(str(value))} is not supported${written}`
  const remedy = value.type === 'string' && /^[23](\.0)?$/.test(value.value.trim()) ? 'Take the quotes away.'
    : 'Write `specVersion: 3`, or `spec_version: 2`.'
  return { message, at: value, path: [keyText(found.key)], value: str(value), remedy }
}

/** What Python takes for true. */
export function isTrue(value: Value): boolean {
  switch (value.type) {
    case 'string':
      return value.value !== ''
    case 'null':
      return false
    case 'bool':
      return value.text === 'True'
    case 'int':
    case 'float':
      return Number(value.text) !== 0
    case 'list':
      return value.items.length > 0
    case 'map':
      return value.entries.length > 0
    default:
      return true
  }
}
