/**
 * The text of a review without `metadata.managedFields` of its object, which nothing here reads: a third of what there is to parse.
 *
 * It is left out only where the text itself proves what is left out. In JSON no bare quote stands within a string, so a key between
 * bare quotes is one. Between the bracket that opens the list and the first that follows there is none, so that one closes it; it
 * is followed by the end of an object and by `"spec":`, the first since the object began. So it is a list of that name, and the last
 * member before `spec`: that of the metadata, as the API server writes objects of its own kinds. Anything else stays as it is.
 */
export function withoutManagedFields(body: string): string {
  const object = body.indexOf('"object":{"kind":"')
  const start = object < 0 ? -1 : body.indexOf(key, object)
  if (start < 0) return body
  const end = body.indexOf(']', start + key.length)
  const isLast = body.startsWith('}]},"spec":', end - 1) && !body.slice(object, start).includes('"spec":')
  const opens = body.indexOf('[', start + key.length)
  return isLast && (opens < 0 || opens > end) ? body.slice(0, start) + body.slice(end + 1) : body
}

const key = ',"managedFields":[{'
