/** What of the text of a review is not parsed: it is read for few reviews, or never, and is half of what there is. */
import { managedFieldsIn } from './managed-fields.ts'
import { oldObjectIn, oldObjectKey } from './old-object.ts'
import type { Range } from './range.ts'

/** The members that are left out of a review, each with the comma in front of it, in the order of the text. */
export function leftOut(body: string): { readonly managedFields: Range | undefined; readonly oldObject: Range | undefined } {
  const oldObject = oldObjectIn(body)
  return { managedFields: managedFieldsIn(body, oldObject?.start ?? body.length), oldObject }
}

/** A text with those members taken out of it. */
export interface Cut {
  readonly text: string
  /** The stored object of an update, as it stands in the review, where that was taken out. */
  readonly oldObject: string | undefined
}

export function cut(body: string): Cut {
  const { managedFields, oldObject } = leftOut(body)
  let text = body
  if (oldObject) text = text.slice(0, oldObject.start) + text.slice(oldObject.end)
  if (managedFields) text = text.slice(0, managedFields.start) + text.slice(managedFields.end)
  return { text, oldObject: oldObject && body.slice(oldObject.start + oldObjectKey.length - 1, oldObject.end) }
}
