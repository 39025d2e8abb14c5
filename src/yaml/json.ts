/** JSON documents, read several times faster than as the YAML that they are too. */
import { MAX_DEPTH } from './values.ts'

const [QUOTE, COLON, BACKSLASH] = [34, 58, 92]

/**
 * The value of a JSON object or list. Undefined for anything else: text that is no JSON, and JSON that is too deep or repeats a
 * key, of which the YAML reader says where.
 */
export function readJson(text: string): unknown {
  if (!/^[\s\uFEFF]*[[{]/.test(text)) return undefined
  let value: unknown
  try {
    value = JSON.parse(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text)
  } catch {
    return undefined
  }
  return countMembers(value, 1) === countColons(text) ? value : undefined
}

/** The members of all objects in a value; NaN where it is nested too deep. */
function countMembers(value: unknown, depth: number): number {
  if (depth > MAX_DEPTH) return NaN
  if (typeof value !== 'object' || value === null) return value === Infinity || value === -Infinity ? NaN : 0
  let count = 0
  if (Array.isArray(value)) {
    for (const item of value) count += countMembers(item, depth + 1)
  } else {
    for (const item of Object.values(value)) count += 1 + countMembers(item, depth + 1)
  }
  return count
}

/** The colons outside of strings, one for each member that is written. */
function countColons(text: string): number {
  let count = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === COLON) count++
    else if (code === QUOTE) { for (at++; text.charCodeAt(at) !== QUOTE; at++) if (text.charCodeAt(at) === BACKSLASH) at++ }
  }
  return count
}
