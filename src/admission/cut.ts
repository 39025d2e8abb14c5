/** What of the text of a review is not parsed: it is read for few reviews, or never, and is half of what there is. */
import { isAscii } from 'node:buffer'
import { managedFieldsIn } from './managed-fields.ts'
import { oldObjectIn, oldObjectKey } from './old-object.ts'
import type { Range } from './range.ts'

/** The members that are left out of a review, each with the comma in front of it, in the order of the text. */
export interface LeftOut {
  readonly managedFields: Range | undefined
  readonly oldObject: Range | undefined
}

export function leftOut(body: string): LeftOut {
  const oldObject = oldObjectIn(body)
  const object = body.indexOf('"object":{"kind":"')
  return { managedFields: object < 0 ? undefined : managedFieldsIn(body, object, oldObject?.start ?? body.length), oldObject }
}

/** The body of a review as text, which is looked through once. */
export class BodyText implements LeftOut {
  readonly bytes: Buffer
  readonly text: string
  readonly managedFields: Range | undefined
  readonly oldObject: Range | undefined

  constructor(bytes: Buffer) {
    this.bytes = bytes
    this.text = bytes.toString()
    const { managedFields, oldObject } = leftOut(this.text)
    this.managedFields = managedFields
    this.oldObject = oldObject
  }

  /** True where each byte is a character: what is found in the text stands at the same place of the bytes. */
  get isAscii(): boolean {
    return this.text.length === this.bytes.length && isAscii(this.bytes)
  }
}

/** A text with those members taken out of it. */
export interface Cut {
  readonly text: string
  /** The stored object of an update, as it stands in the review, where that was taken out. */
  readonly oldObject: string | undefined
}

export function cut(body: string, { managedFields, oldObject }: LeftOut = leftOut(body)): Cut {
  const end = oldObject?.start ?? body.length
  let text = managedFields ? body.slice(0, managedFields.start) + body.slice(managedFields.end, end) : body.slice(0, end)
  if (oldObject) text += body.slice(oldObject.end)
  return { text, oldObject: oldObject && body.slice(oldObject.start + oldObjectKey.length - 1, oldObject.end) }
}

/** What an object's text is parsed to, without its managers' fields where they can be told. @throws a SyntaxError */
export function parseObject(text: string): unknown {
  const managedFields = text.startsWith('{"kind":"') ? managedFieldsIn(text, 0, text.length) : undefined
  if (managedFields) {
    try {
      return JSON.parse(text.slice(0, managedFields.start) + text.slice(managedFields.end))
    } catch {
      // It was something else: the whole is parsed.
    }
  }
  return JSON.parse(text)
}
