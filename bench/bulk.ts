/**
 * What objects cost that are made to be hard to read, beside the same review without the bulk: processor time of one review, as the
 * least of several. The largest are of 3 MB, the most that an API server takes. Nothing may take longer than 100 ms.
 */
import { holdsMoreThan } from '../src/admission/outline.ts'
import { mostValues } from '../src/admission/reading.ts'
import type { Answer, Operation } from '../src/admission/responder.ts'
import { responder } from '../src/admission/respond.ts'
import { readReview } from '../src/admission/review.ts'
import { unreadAnswer, unreadReview } from '../src/admission/unread.ts'
import { defaultPreset, preset } from '../src/policy/presets.ts'
import { bulks, bulkyPod, largestNumber } from './bulks.ts'

const goal = 100
const attempts = 3
/** Beside each bulk stands a container that is to be denied. */
const wrong = { name: 'wrong', command: ['gunicorn', '-k', 'nope', 'a'] }

const respond = responder(() => preset(defaultPreset))
const reviewOf = (object: object): string =>
  JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview',
    request: { uid: 'u', operation: 'CREATE', namespace: 'shop', object } })

/** What the webhook does with the bytes of a review. */
function answered(operation: Operation, body: Buffer): Answer {
  if (holdsMoreThan(mostValues, body)) return unreadAnswer(respond, operation, unreadReview(body))
  return respond(operation, readReview(body.toString()))
}

/** Milliseconds of processor time, and what was answered. */
function measure(operation: Operation, text: string): { readonly ms: number; readonly answer: string } {
  let least = Infinity
  let answer = ''
  const body = Buffer.from(text)
  for (let attempt = 0; attempt < attempts; attempt++) {
    const before = process.cpuUsage()
    const { response, findings, outcome } = answered(operation, body)
    JSON.stringify(response)
    const { user, system } = process.cpuUsage(before)
    least = Math.min(least, (user + system) / 1000)
    answer = findings.some(({ rule }) => rule === 'unread-command') ? 'unread' : outcome
  }
  return { ms: least, answer }
}

// What has run often is compiled.
const plain = reviewOf(bulkyPod({ name: '', usual: 1, make: () => ({ containers: [] }) }, 1, [wrong]))
for (let i = 0; i < 3_000; i++) for (const operation of ['mutate', 'validate'] as const) respond(operation, readReview(plain))
const base = { mutate: measure('mutate', plain).ms, validate: measure('validate', plain).ms }

console.log(
  `node ${process.version}; processor time of one review in ms, the least of ${attempts}; without a bulk ${base.mutate.toFixed(2)} and ${
    base.validate.toFixed(2)
  }\n`,
)
console.log(
  `${'bulk'.padEnd(44)}${'n'.padStart(10)}${'kB'.padStart(7)}${'/mutate'.padStart(9)}${'ratio'.padStart(7)}${'/validate'.padStart(11)}${
    'ratio'.padStart(7)
  }  /validate answers`,
)
let over = 0
const named = process.argv.slice(2).join(' ')
for (const bulk of bulks.filter(({ name }) => name.includes(named))) {
  for (const n of new Set([bulk.usual, largestNumber(bulk)])) {
    const text = reviewOf(bulkyPod(bulk, n, [wrong]))
    const [mutate, validate] = [measure('mutate', text), measure('validate', text)]
    const missed = Math.max(mutate.ms, validate.ms) > goal
    if (missed) over++
    const row = [String(n).padStart(10), (text.length / 1000).toFixed(0).padStart(7), mutate.ms.toFixed(1).padStart(9),
      (mutate.ms / base.mutate).toFixed(0).padStart(7), validate.ms.toFixed(1).padStart(11),
      (validate.ms / base.validate).toFixed(0).padStart(7)]
    console.log(`${bulk.name.padEnd(44)}${row.join('')}  ${validate.answer}${missed ? '  MISSED' : ''}`)
  }
}
console.log(`\n${over === 0 ? `none takes longer than ${goal} ms` : `${over} take longer than ${goal} ms: MISSED`}`)
