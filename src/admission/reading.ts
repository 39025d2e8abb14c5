/** The thread in which large reviews are read: one after the other, each with a whole budget. `ReadingThread` is its other end. */
import { performance } from 'node:perf_hooks'
import { receiveMessageOnPort, type MessagePort } from 'node:worker_threads'
import { Budget, unreadReason, within } from '../budget.ts'
import type { Governed, PolicyFor } from '../policy/governed.ts'
import type { Policy } from '../policy/policy.ts'
import { uninspected, withoutContent } from './fault.ts'
import { counted, type Counted } from './counted.ts'
import { holdsMoreThan } from './outline.ts'
import { asksOf, type ImageAnswer, type ImageAsk } from '../images/asks.ts'
import { responder, type ImagesFor, type RespondOptions } from './respond.ts'
import type { Operation, Outcome, Respond } from './responder.ts'
import { BadReview, bringsObject, readReview } from './review.ts'

/** What the thread is started with. */
export interface ThreadData {
  readonly options: RespondOptions
  /** Where policies come in. */
  readonly policies: MessagePort
  /** One number: 1 once a policy has come in. The thread waits for it, so that whoever answers a review needs no other form here. */
  readonly arrived: SharedArrayBuffer
}

/** What comes in: the body of a review. */
export interface Task {
  readonly operation: Operation
  readonly body: Uint8Array
}

/** What goes out: once that the thread has started; for a review a question for the policy of its workload, and maybe one for its images, and in the end what it comes to. */
export type Message = { readonly isReady: true } | { readonly asks: Governed } | AskedImages | Reading

/** A question for images, and the policy that has them looked into. */
export interface AskedImages {
  readonly images: readonly ImageAsk[]
  readonly dependencies: Policy['dependencies']
}

export type Reading =
  | { readonly comesTo: 'answer'; readonly text: string; readonly outcome: Outcome; readonly findings: readonly Counted[];
    readonly milliseconds: number; readonly isSpent: boolean }
  | { readonly comesTo: 'bad review'; readonly field: string; readonly message: string }
  | { readonly comesTo: 'fault'; readonly error: ReturnType<typeof withoutContent>; readonly uid: string;
    readonly namespace: string | undefined; readonly name: string | undefined }
  | { readonly comesTo: 'unread' }

/** A policy that came in, or what is known of images, in the order of the question; nothing of both where it could not be told. */
export type PolicyMessage = { readonly policy: Policy | undefined } | { readonly answers: readonly ImageAnswer[] } | {
  readonly failed: true
}

/** More values and names than any workload has; to parse so many takes some tens of milliseconds. */
export const mostValues = 200_000
/** Characters of labels that are told of when a policy is asked for, and of commands when images are. */
const mostLabels = 128 * 1024

/** Reads what comes in through the port, until it is closed. */
export function readReviews(port: MessagePort, { options, policies, arrived }: ThreadData): void {
  const hasArrived = new Int32Array(arrived)
  const asked = (question: Message): PolicyMessage | undefined => {
    Atomics.store(hasArrived, 0, 0)
    port.postMessage(question)
    Atomics.wait(hasArrived, 0, 0)
    return receiveMessageOnPort(policies)?.message as PolicyMessage | undefined
  }
  const policyFor: PolicyFor = (workload) => {
    let characters = 0
    for (const [key, value] of Object.entries(workload.labels)) characters += key.length + value.length
    if (characters > mostLabels) throw new TooLarge()
    const message = asked({ asks: workload })
    if (!message || !('policy' in message)) throw new Error('the policy could not be found out')
    return message.policy
  }
  const imagesFor: ImagesFor = (workload, namespace, { dependencies }) => {
    const images = asksOf(workload, namespace)
    let characters = 0
    for (const { start } of images) characters += JSON.stringify(start).length
    const message = characters > mostLabels ? undefined : asked({ images, dependencies })
    const answers = message && 'answers' in message ? message.answers : []
    return (container, image) => answers[images.findIndex((one) => one.container === container && one.image === image)]
  }
  const respond = responder(policyFor, options, imagesFor)
  port.on('message', (task: Task) => port.postMessage(reading(respond, task) satisfies Message))
  port.postMessage({ isReady: true } satisfies Message)
}

/** What would take too long to be told of, or to be parsed. */
class TooLarge extends Error {}

/** What a review comes to. */
function reading(respond: Respond, { operation, body }: Task): Reading {
  const start = processorTime()
  const budget = new Budget()
  let request
  try {
    if (holdsMoreThan(mostValues, body)) return { comesTo: 'unread' }
    const review = readReview(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString())
    ;({ request } = review)
    const { response, outcome, findings } = bringsObject(request) ? within(budget, () => respond(operation, review)) : uninspected(review)
    return { comesTo: 'answer', text: JSON.stringify(response), outcome, findings: counted(findings), milliseconds: processorTime() - start,
      isSpent: budget.isSpent }
  } catch (error) {
    if (error instanceof BadReview) return { comesTo: 'bad review', field: error.field, message: error.message }
    if (error instanceof TooLarge || unreadReason(error) !== undefined) return { comesTo: 'unread' }
    return { comesTo: 'fault', error: withoutContent(error), uid: request?.uid ?? '', namespace: request?.namespace, name: request?.name }
  }
}

/** Milliseconds of a processor that this thread has taken; where Node cannot tell (before 23.9), milliseconds. */
function processorTime(): number {
  if (typeof process.threadCpuUsage !== 'function') return performance.now()
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}
