import type { Range } from './range.ts'

/**
 * Where `metadata.managedFields` of an object stands in a JSON text, which nothing here reads: a third of what there is to parse. The
 * object begins at or behind `from`, and is looked for in front of `before`.
 *
 * It is told only where the text itself proves what it is. In JSON no bare quote stands within a string, so a key between
 * bare quotes is one. Between the bracket that opens the list and the first that follows there is none, so that one closes it; it
 * is followed by the end of an object and by `"spec":`, the first since the object began. So it is a list of that name, and the last
 * member before `spec`: that of the metadata, as the API server writes objects of its own kinds. Anything else stays as it is.
 */
export function managedFieldsIn(body: string, from: number, before: number): Range | undefined {
  const object = body.indexOf('{"kind":"', from)
  const start = object < 0 ? -1 : body.indexOf(key, object)
  if (start < 0 || start >= before) return undefined
  const end = body.indexOf(']', start + key.length)
  const isLast = end < before && body.startsWith('}]},"spec":', end - 1) && !body.slice(object, start).includes('"spec":')
  const opens = body.indexOf('[', start + key.length)
  return isLast && (opens < 0 || opens > end) ? { start, end: end + 1 } : undefined
}

const key = ',"managedFields":[{'
