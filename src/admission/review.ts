import { describe, isObject } from '../kubernetes/field.ts'
import type { Shape } from '../kubernetes/field.ts'
import type { AdmissionRequest, AdmissionReview } from '../kubernetes/review.ts'
import { spend } from '../budget.ts'
import { cut, parseObject, type BodyText, type Cut } from './cut.ts'
import { holdsMoreThan } from './outline.ts'

/** A request body that is no AdmissionReview. The message is for who sent it: it may quote the body, and goes in no log. */
export class BadReview extends Error {
  /** What was wrong with it, in words that quote nothing: a field, or `body`. */
  readonly field: string

  constructor(field: string, message: string) {
    super(message)
    this.field = field
  }
}

/** k8s.io/api/admission/v1 `Operation`. */
const operations = ['CONNECT', 'CREATE', 'DELETE', 'UPDATE']
/** The operations that bring an object. */
const withObject = new Set(['CREATE', 'UPDATE'])
/** No string of a valid review's head is longer; what is quoted back is cut here. */
const longestQuote = 64

/**
 * Reads a request body as an admission.k8s.io/v1 AdmissionReview that holds a request.
 *
 * What the API server fills in is checked as far as it is read: `uid`, `operation`, who asks, and that there is an object where
 * the operation brings one. What is in the object is for the rules.
 *
 * The stored object of an update is parsed when it is asked for; where it cannot be, there is none.
 *
 * A plain `JSON.parse`: keys named `__proto__` or `constructor` become own properties like any other, and `constructor`
 * is a lawful label. They could do harm only where objects are merged key by key, which nothing here does.
 *
 * @throws {BadReview} where the body is something else.
 */
export function readReview(body: string): AdmissionReview {
  return asReview(parse(body, cut(body)))
}

/**
 * The same, where that takes a few milliseconds at most: undefined for a body that is larger than `quickBody` and holds more than
 * `quickValues` values and names where it is parsed.
 */
export function readQuickly(body: BodyText): AdmissionReview | undefined {
  const { text, bytes } = body
  const parts = cut(text, body)
  if (isLarge(parts.text) && holdsMoreThan(quickValues, bytes)) return undefined
  const review = parse(text, parts, () => !isLarge(text) || !holdsMoreThan(quickValues, bytes))
  return review === undefined ? undefined : asReview(review)
}

/** Values and names that a body may hold to be parsed where others wait meanwhile. */
const quickValues = 8_000
/** Bytes, or characters, up to which values are not even counted: be they all of two bytes, they are parsed in some milliseconds. */
const quickBody = 16 * 1024
const isLarge = (text: string): boolean => text.length > quickBody

/** What is parsed of a body. */
function asReview(review: unknown): AdmissionReview {
  if (!isObject(review)) {
    throw new BadReview('body', `the request body must be an AdmissionReview of admission.k8s.io/v1, not ${article(review)}`)
  }
  one(review.kind, ['AdmissionReview'], 'kind')
  one(review.apiVersion, ['admission.k8s.io/v1'], 'apiVersion')
  const request = review.request
  if (request === undefined || request === null) {
    throw bad('request', 'Required value', undefined, 'must hold the request to review')
  }
  if (!isObject(request)) throw wrongType('request', request, 'an object')
  string(request.uid, 'request.uid', 'must be the identifier that the answer repeats')
  one(request.operation, operations, 'request.operation')
  for (const field of ['namespace', 'name']) {
    const value = request[field]
    if (value !== undefined && typeof value !== 'string') throw wrongType(`request.${field}`, value, 'a string')
  }
  user(request.userInfo)
  if (withObject.has(request.operation as string)) {
    const object = request.object
    if (object === undefined || object === null) {
      throw bad('request.object', 'Required value', undefined, `must hold the object on ${String(request.operation)}`)
    }
    if (!isObject(object)) throw wrongType('request.object', object, 'an object')
  }
  return review as unknown as AdmissionReview
}

/** Who asks is looked at by name. */
function user(userInfo: unknown): void {
  if (userInfo === undefined || userInfo === null) return
  if (!isObject(userInfo)) throw wrongType('request.userInfo', userInfo, 'an object')
  const { username } = userInfo
  if (username !== undefined && typeof username !== 'string') throw wrongType('request.userInfo.username', username, 'a string')
}

/** True where the request brings an object to look at. A deletion or a connection has none. */
export function bringsObject(request: AdmissionRequest): boolean {
  return withObject.has(request.operation)
}

/** @param isQuick whether the whole may be parsed, where the parts cannot: undefined where it may not */
function parse(body: string, { text, oldObject }: Cut, isQuick = (): boolean => true): unknown {
  if (body === '') throw new BadReview('body', 'the request body must be an AdmissionReview of admission.k8s.io/v1, not empty')
  try {
    const review: unknown = JSON.parse(text)
    if (oldObject !== undefined) bringOldObject(review, oldObject)
    return review
  } catch (error) {
    // What is wrong is told of the whole.
    if (text === body) throw notJson(error)
  }
  if (!isQuick()) return undefined
  try {
    return JSON.parse(body)
  } catch (error) {
    throw notJson(error)
  }
}

/** Steps of the budget of a review that is read where others wait: more than there are. Where a review is read apart, they are few. */
const slowSteps = 2_001

/** Parses the stored object once somebody asks for it. */
function bringOldObject(review: unknown, text: string): void {
  const request = isObject(review) ? review.request : undefined
  if (!isObject(request)) return
  let value: unknown
  let isParsed = false
  const get = (): unknown => {
    if (isParsed) return value
    if (isLarge(text) && holdsMoreThan(quickValues, Buffer.from(text))) spend(slowSteps)
    isParsed = true
    try {
      value = parseObject(text)
    } catch {
      // No API server writes such a text. Nothing is known of what was there.
    }
    return value
  }
  Object.defineProperty(request, 'oldObject', { get, enumerable: true, configurable: true })
}

const notJson = (error: unknown): BadReview => new BadReview('body', `the request body must be JSON: ${(error as Error).message}`)

function string(value: unknown, field: string, detail: string): asserts value is string {
  if (value === undefined || value === null || value === '') throw bad(field, 'Required value', undefined, detail)
  if (typeof value !== 'string') throw wrongType(field, value, 'a string')
}

function one(value: unknown, supported: readonly string[], field: string): void {
  // The good case first: a list of words is written for a failure only.
  if (supported.includes(value as string)) return
  const list = supported.map((word) => JSON.stringify(word)).join(', ')
  string(value, field, supported.length === 1 ? `must be ${list}` : `must be one of ${list}`)
  const shown = value.length > longestQuote ? `${value.slice(0, longestQuote)}…` : value
  throw bad(field, 'Unsupported value', shown, `supported values: ${list}`)
}

function bad(field: string, shape: Shape, value: unknown, detail: string): BadReview {
  return new BadReview(field, `${field}: ${describe(shape, value, detail)}`)
}

/** The value itself may be anything, of any depth: only what it is is said. */
function wrongType(field: string, value: unknown, type: string): BadReview {
  return new BadReview(field, `${field}: Invalid value: must be ${type}, not ${article(value)}`)
}

function article(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}
