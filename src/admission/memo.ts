/**
 * Answers that are given again: to a review that differs from one that was answered in nothing that the answer was read from.
 * `docs/decisions/0066-memo.md` says why that is sound.
 */
import type { BodyText } from './cut.ts'
import { gapsIn, type Filling, type Gap } from './gaps.ts'
import { lastingAnswer, type Lasting } from './traced.ts'
import type { AdmissionReview } from '../kubernetes/review.ts'
import { counted, type Counted } from './counted.ts'
import type { Operation, Outcome, Respond } from './responder.ts'

export interface MemoOptions {
  /** Bytes of reviews and answers that are kept at most. */
  readonly bytes: number
  readonly respond: Respond
  /**
   * What answers depend on besides their reviews: policies, exceptions and whether they have ended, labels of namespaces. The same
   * object as long as each review has the same answer. Whatever else an answer comes to depend on has to be told by it.
   */
  readonly state: () => unknown
  /** Whether all that a review's answer depends on is known. Where something is unknown that may be known in a moment, its answer is not kept. */
  readonly isSettled?: (review: AdmissionReview) => boolean
}

/** An answer that was given before, with the identifier of the review at hand. */
export interface Remembered {
  readonly text: string
  readonly outcome: Outcome
  readonly findings: readonly Counted[]
}

/** A review whose like has come before, and whose answer may be kept once there is one. */
export interface Candidate {
  readonly operation: Operation
  readonly body: Buffer
  readonly gaps: readonly Gap[]
  readonly hash: number
  readonly key: Buffer
  readonly state: unknown
}

interface Kept {
  readonly key: Buffer
  readonly head: string
  readonly tail: string
  readonly outcome: Outcome
  readonly findings: readonly Counted[]
}

/** Bytes of a body that is looked at. */
const longestBody = 64 * 1024
/** Of a Pod with a token in each of its containers. */
const mostGaps = 60
/** Bytes that an entry takes besides its texts, and those of a character. */
const overhead = 200
const perCharacter = 2
/** Reviews of which it is known that they came once: a power of two. */
const seenAtMost = 8_192

/** So many reviews are looked for in vain before most are passed over, and so many in a row are still looked for then. */
const [patience, stretch] = [512, 64]

const fillings: readonly Filling[] = ['uid', 'string', 'number', 'object', 'managedFields', 'oldObject', 'part']

/** Where keys are put together: what the gaps are, how long the text is in front of each, and the text without them. */
const scratch = Buffer.from(new ArrayBuffer(longestBody + 4 * (mostGaps + 2)))
const words = new Int32Array(scratch.buffer)

export class Memo {
  readonly #options: MemoOptions
  #state: unknown
  /** What was kept or asked for lately, and what was before. Whatever is in neither is gone. */
  #young = new Map<number, Kept>()
  #old = new Map<number, Kept>()
  #youngBytes = 0
  #oldBytes = 0
  readonly #seen = new Uint32Array(seenAtMost)
  /** Reviews whose answer could not be kept: it is not tried again. */
  readonly #vain = new Uint32Array(seenAtMost)
  readonly #counts = { hit: 0, miss: 0 }
  /** Reviews since the last that was found. */
  #inVain = 0
  /** Of what is being answered now, and may be kept. */
  readonly #awaited = new Set<number>()

  constructor(options: MemoOptions) {
    this.#options = options
  }

  /** Bytes that are kept. */
  get bytes(): number {
    return this.#youngBytes + this.#oldBytes
  }

  /** Reviews that were looked for, by what came of it. */
  get counts(): Readonly<Record<'hit' | 'miss', number>> {
    return this.#counts
  }

  /**
   * What is remembered of a review, or what may be kept of it; undefined where it is to be answered, and no more.
   * @param isWaiting whether it can wait for one that came at the same time: `awaited` is what is to be looked for again then
   */
  look(operation: Operation, whole: BodyText, isWaiting = false): Remembered | Candidate | 'awaited' | undefined {
    const body = whole.bytes
    if (body.length > longestBody || this.#isPassedOver()) return undefined
    const gaps = whole.isAscii ? gapsIn(whole.text, whole) : gapsIn(body.toString('latin1'))
    if (!gaps || gaps.length > mostGaps) return undefined
    this.#forgetWhatIsOver()
    const length = putTogether(operation, body, gaps)
    const hash = hashOf(length)
    const kept = this.#find(hash, length)
    if (kept) {
      this.#counts.hit++
      this.#inVain = 0
      return remembered(kept, body, gaps)
    }
    if (isWaiting && this.#awaited.has(hash)) return 'awaited'
    this.#counts.miss++
    if (this.#vain[slotOf(hash)] === hash) return undefined
    // The Pods of a ReplicaSet come in numbers.
    if (this.#isFirstSight(hash) && !isOfReplicaSet(whole.text)) return undefined
    // Another one is put together before this one is kept.
    const key = Buffer.from(scratch.subarray(0, length))
    if (isWaiting) this.#awaited.add(hash)
    return { operation, body, gaps, hash, key, state: this.#state }
  }

  /**
   * Keeps the answer to a review for its likes, if it is theirs.
   * @param fresh the answer that was given
   */
  keep(candidate: Candidate, review: AdmissionReview, fresh: string): void {
    const { respond, state, isSettled = () => true } = this.#options
    if (!isSettled(review) || candidate.state !== state()) return
    const { operation, body, gaps, hash, key } = candidate
    const lasting = lastingAnswer(operation, body, gaps, respond)
    // What was asked for in between may have changed with the clock.
    if (!lasting || candidate.state !== state() || `${lasting.head}${review.request.uid}${lasting.tail}` !== fresh) {
      this.#vain[slotOf(hash)] = hash
      return
    }
    this.#put(hash, { ...ofOwn(lasting), key })
  }

  /** What was being answered is answered. */
  settle(): void {
    this.#awaited.clear()
  }

  /** Forgets all answers: what they depended on is no more. */
  #forgetWhatIsOver(): void {
    const state = this.#options.state()
    if (state === this.#state) return
    this.#state = state
    this.#young = new Map()
    this.#old = new Map()
    this.#youngBytes = this.#oldBytes = 0
    this.#vain.fill(0)
  }

  #find(hash: number, length: number): Kept | undefined {
    const young = this.#young.get(hash)
    if (young && isSame(young.key, length)) return young
    const old = this.#old.get(hash)
    if (!old || !isSame(old.key, length)) return undefined
    this.#oldBytes -= sizeOf(old)
    this.#old.delete(hash)
    this.#put(hash, old)
    return old
  }

  #put(hash: number, kept: Kept): void {
    const size = sizeOf(kept)
    const most = this.#options.bytes / 2
    if (size > most) return
    const former = this.#young.get(hash)
    if (former) this.#youngBytes -= sizeOf(former)
    if (this.#youngBytes + size > most) {
      this.#old = this.#young
      this.#oldBytes = this.#youngBytes
      this.#young = new Map()
      this.#youngBytes = 0
    }
    this.#young.set(hash, kept)
    this.#youngBytes += size
  }

  /** Where nothing is found for long, three reviews of four are not looked for, many in a row: those of a rollout come in a row. */
  #isPassedOver(): boolean {
    this.#inVain++
    return this.#inVain > patience && this.#inVain % (4 * stretch) >= stretch
  }

  #isFirstSight(hash: number): boolean {
    const slot = slotOf(hash)
    if (this.#seen[slot] === hash) return false
    this.#seen[slot] = hash
    return true
  }
}

const isOfReplicaSet = (text: string): boolean =>
  text.startsWith(',"object":{"kind":"Pod",', text.indexOf(',"object":{')) &&
  text.includes('"ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet",')

/** @returns the bytes of the key */
function putTogether(operation: Operation, body: Buffer, gaps: readonly Gap[]): number {
  let length = 4 * (gaps.length + 1)
  words[0] = (operation === 'mutate' ? 1 : 0) | (gaps.length << 1)
  let from = 0
  let index = 0
  for (const { start, end, filling } of gaps) {
    words[++index] = fillings.indexOf(filling) | ((start - from) << 3)
    body.copy(scratch, length, from, start)
    length += start - from
    from = end
  }
  body.copy(scratch, length, from)
  return length + body.length - from
}

/** A hash of the key that was put together, in which all its bytes take part. Not 0, which stands for nothing. */
function hashOf(length: number): number {
  const end = (length + 3) >> 2
  for (let at = length; at < end * 4; at++) scratch[at] = 0
  let hash = 0
  for (let at = 0; at < end; at++) hash = Math.imul((hash << 5 | hash >>> 27) ^ words[at]!, 0x01000193)
  hash ^= hash >>> 15
  return (Math.imul(hash, 0x85ebca6b) >>> 0) || 1
}

const slotOf = (hash: number): number => hash & (seenAtMost - 1)

/** Whether a key is the one that was put together. */
const isSame = (key: Buffer, length: number): boolean => key.length === length && scratch.compare(key, 0, length, 0, length) === 0

function remembered({ head, tail, outcome, findings }: Kept, body: Buffer, [uid]: readonly Gap[]): Remembered {
  return { text: head + body.toString('latin1', uid?.start, uid?.end) + tail, outcome, findings }
}

/** Texts that are slices of others would keep those. */
function ofOwn({ head, tail, outcome, findings }: Lasting): Omit<Kept, 'key'> {
  return { head: Buffer.from(head).toString(), tail: Buffer.from(tail).toString(), outcome, findings: counted(findings) }
}

const sizeOf = ({ key, head, tail }: Kept): number => overhead + key.length + perCharacter * (head.length + tail.length)
