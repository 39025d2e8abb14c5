/** What an answer is read from: whether it would be the same whatever stood in the gaps of its review. */
import { randomBytes } from 'node:crypto'
import { Budget, within } from '../budget.ts'
import type { AdmissionReview } from '../kubernetes/review.ts'
import { watched } from '../watched.ts'
import type { Filling, Gap } from './gaps.ts'
import type { Answer, Operation, Respond } from './responder.ts'

/** An answer that holds for all reviews that differ in their gaps only. */
export interface Lasting extends Pick<Answer, 'outcome' | 'findings'> {
  /** Its text in front of the identifier of the request, and behind it. */
  readonly head: string
  readonly tail: string
}

/** Steps that such a review may take: many more than one of which an answer is kept for long. */
const mostSteps = 2_000

/**
 * The answer to a review, where nothing is read for it of what stands in its gaps: what is read is the same for all that have the
 * same text around theirs, and so is what comes of it, as an answer is a function of what is read. In the place of each filling an
 * accessor is put that tells when it is asked for; where one is not found in what is parsed, or anything is thrown, there is no answer.
 * A part of a name is read, as names are compared: the answer is that with another one, which has to be that with its own.
 */
export function lastingAnswer(operation: Operation, body: Buffer, gaps: readonly Gap[], respond: Respond): Lasting | undefined {
  try {
    const mark = `mark-${randomBytes(16).toString('hex')}-`
    const review = JSON.parse(marked(body, gaps, mark)) as AdmissionReview
    let isRead = false
    const read = (): void => {
      isRead = true
    }
    if (!watch(review, body, gaps, mark, read)) return undefined
    if (gaps.some(({ filling }) => filling === 'oldObject')) accessor(review.request, 'oldObject', read, () => undefined)
    const budget = new Budget(mostSteps)
    const { response, outcome, findings } = watched(() => within(budget, () => respond(operation, review)))
    if (isRead || budget.isSpent || outcome === 'fault') return undefined
    const [head, tail, ...more] = JSON.stringify(response).split(review.request.uid)
    return head === undefined || tail === undefined || more.length > 0 ? undefined : { head, tail, outcome, findings }
  } catch {
    return undefined
  }
}

const isMarked = (filling: Filling): boolean => filling !== 'part' && filling !== 'managedFields' && filling !== 'oldObject'

/** The text of a review with a mark in each gap, another part of a name where there is one, and without what is not parsed. */
function marked(body: Buffer, gaps: readonly Gap[], mark: string): string {
  let [text, from] = ['', 0]
  for (const [index, { start, end, filling }] of gaps.entries()) {
    text += body.toString('utf8', from, start)
    if (filling === 'part') text += otherThan(body.toString('latin1', start, end))
    else if (isMarked(filling)) text += filling === 'uid' || filling === 'string' ? `${mark}${index}` : `"${mark}${index}"`
    from = end
  }
  return text + body.toString('utf8', from)
}

/** Puts accessors in the place of marks. False where one is missing: it stands where nothing is, or something else took its place. */
function watch(review: AdmissionReview, body: Buffer, gaps: readonly Gap[], mark: string, read: () => void): boolean {
  let left = 0
  for (const { filling } of gaps) if (isMarked(filling)) left++
  const open: object[] = [review]
  for (let value = open.pop(); value; value = open.pop())
    for (const [key, inner] of Object.entries(value) as [string, unknown][]) {
      if (typeof inner === 'object' && inner !== null) open.push(inner)
      if (typeof inner !== 'string' || !inner.startsWith(mark)) continue
      const gap = gaps[Number(inner.slice(mark.length))]
      if (!gap) return false
      left--
      // The mark itself stands for it, and is told from the rest of the answer.
      if (gap.filling === 'uid') {
        if (value !== review.request) return false
        continue
      }
      const text = body.toString('latin1', gap.start, gap.end)
      accessor(value, key, read, () => (gap.filling === 'string' ? text : JSON.parse(text)))
    }
  return left === 0
}

function accessor(object: object, name: string, read: () => void, value: () => unknown): void {
  const get = (): unknown => {
    read()
    return value()
  }
  Object.defineProperty(object, name, { get, enumerable: true, configurable: true })
}

/** As long, of other letters. */
const otherThan = (part: string): string => [...part].map((letter) => (letter === 'x' ? 'z' : 'x')).join('')
