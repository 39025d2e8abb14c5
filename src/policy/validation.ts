/** Rules of a schema that go beyond its types: the API server runs them as CEL, Paddock as code. */

/** One element of `x-kubernetes-validations`. `holds` and `schema` say the same as `rule`, and are left out where it is printed. */
export interface Validation {
  /** CEL; `self` is the value. */
  readonly rule: string
  /** What is allowed, in the words of the message guide. */
  readonly message: string
  /** The child that a message is about. */
  readonly fieldPath?: string
  readonly holds: (self: never) => boolean
  /** The same for editors, which know neither CEL nor code: keywords of JSON Schema. */
  readonly schema: Readonly<Record<string, unknown>>
}

/** Types the value that a validation is about. */
export function validation(rule: string, message: string, holds: Validation['holds'], schema: Validation['schema']): Validation {
  return { rule, message, holds, schema }
}
