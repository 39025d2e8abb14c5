/** Rules of a schema that go beyond its types: the API server runs them as CEL, Paddock as code. */

/** One element of `x-kubernetes-validations`. `holds` says the same as `rule`, and is left out where the schema is printed. */
export interface Validation {
  /** CEL; `self` is the value. */
  readonly rule: string
  /** What is allowed, in the words of the message guide. */
  readonly message: string
  /** The child that a message is about. */
  readonly fieldPath?: string
  readonly holds: (self: never) => boolean
}

/** Types the value that a validation is about. */
export function validation(rule: string, message: string, holds: Validation['holds']): Validation {
  return { rule, message, holds }
}
