import type { Range } from './range.ts'

/**
 * Where `oldObject` stands in the text of a review, as it is read for few updates: it is as large as the object, and costs as much to parse.
 * Undefined where the text does not prove it.
 *
 * An API server writes the members of a request in one order: `object`, `oldObject`, `dryRun`, `options`, and nothing behind. In JSON no bare
 * quote stands within a string, so a key between bare quotes is one. What follows `dryRun` here ends the request and the review, so it is a
 * member of the request. If what is taken out began anywhere deeper than the request, brackets would be left open, and what remains could
 * not be parsed: who asks parses the whole then. If another member of the request were taken out with it, that would follow an end of an
 * object in it: where something looks so, nothing is taken out.
 */
export function oldObjectIn(body: string): Range | undefined {
  const object = body.indexOf(',"object":{')
  const start = object < 0 ? -1 : startAfter(body, object)
  if (start < 0) return undefined
  const end = body.lastIndexOf('},"dryRun":') + 1
  if (end <= start || !ending.test(body.slice(end))) return undefined
  return holdsMember(body.slice(start + oldObjectKey.length - 1, end)) ? undefined : { start, end }
}

/** The object itself begins with the last character of it. */
export const oldObjectKey = ',"oldObject":{'
/** The end of a review from `dryRun` on, with options that hold no object. */
const ending = /^,"dryRun":(?:true|false)(?:,"options":\{[^{}]*\})?\}\}\s*$/

/** Looked for by a letter that is rare: to find the first character of what is looked for is fast, to find it again and again is not. */
function startAfter(body: string, from: number): number {
  for (let at = body.indexOf(rest, from); at >= 0; at = body.indexOf(rest, at + 1))
    if (body.startsWith(oldObjectKey, at - beforeRest)) return at - beforeRest
  return -1
}

const rest = 'Object":{'
const beforeRest = oldObjectKey.length - rest.length

/** Whether something looks like another member of the request: those of k8s.io/api/admission/v1 `AdmissionRequest`. */
const holdsMember = (text: string): boolean => member.test(text)

const member =
  /\},"(?:uid|kind|resource|subResource|requestKind|requestResource|requestSubResource|name|namespace|operation|userInfo|object|dryRun|options)":/
