/**
 * Places in an object, and the shapes of the API server's own field errors.
 * Source: k8s.io/apimachinery/pkg/util/validation/field.
 */
import { visible } from './visible.ts'

/** A place in an object: the keys and indexes that lead to it. */
export type Path = readonly (string | number)[]

/** An object of JSON or YAML, by the names of its fields. */
export type Fields = Readonly<Record<string, unknown>>

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** A path as Kubernetes writes it: `spec.containers[0].env[2].value`, `metadata.annotations[paddock.dev/python]`. */
export function fieldPath(path: Path): string {
  let text = ''
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`
    else if (!/^[A-Za-z_][\w-]*$/.test(step)) text += `[${visible(step)}]`
    else text += text === '' ? step : `.${step}`
  }
  return text
}

/** A path as JSON Patch writes it (RFC 6901). */
export function jsonPointer(path: Path): string {
  let pointer = ''
  for (const step of path)
    pointer += `/${typeof step === 'string' && /[~/]/.test(step) ? step.replaceAll('~', '~0').replaceAll('/', '~1') : step}`
  return pointer
}

/** The error shapes of the API server that Paddock uses, by the words they are printed with. */
export type Shape = 'Invalid value' | 'Required value' | 'Unsupported value' | 'Forbidden' | 'Duplicate value' | 'Not found'

/** `Status.details.causes[].reason` for each shape. */
export const causeReason: Readonly<Record<Shape, string>> = {
  'Invalid value': 'FieldValueInvalid',
  'Required value': 'FieldValueRequired',
  'Unsupported value': 'FieldValueNotSupported',
  Forbidden: 'FieldValueForbidden',
  'Duplicate value': 'FieldValueDuplicate',
  'Not found': 'FieldValueNotFound',
}

/** What is quoted of a value at most, in UTF-16 units. */
const longestQuote = 200

/** `Shape: "value": detail`, without a value for the shapes that have none. */
export function describe(shape: Shape, value: unknown, detail: string): string {
  const shown = value === undefined || shape === 'Required value' || shape === 'Forbidden' ? '' : `: ${quoted(value)}`
  return `${shape}${shown}: ${visible(detail)}`
}

/** A field error in one line: `path: Shape: "value": detail`. */
export function fieldMessage(path: Path, shape: Shape, value: unknown, detail: string): string {
  return `${fieldPath(path)}: ${describe(shape, value, detail)}`
}

/** A value as a message shows it. Lists and objects are named by their type, as the API server does: they may be deep. */
function quoted(value: unknown): string {
  if (Array.isArray(value)) return '"array"'
  if (typeof value === 'object' && value !== null) return '"object"'
  return visible(JSON.stringify(typeof value === 'string' && value.length > longestQuote ? `${value.slice(0, longestQuote - 1)}…` : value))
}

/** A field whose value the API server would refuse. */
export interface FieldError {
  readonly path: Path
  readonly shape: Shape
  readonly value: unknown
  readonly detail: string
}
