/** Runs a worker and watches it: an input that it does not come back from, or that takes all memory, is named, and the next one follows. */
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { inputOf, keyOf, type Failure } from './run.ts'
import { targets } from './targets/index.ts'
import type { Message, Work } from './worker.ts'

/** Milliseconds after which a worker that has not begun counts as one that never does. */
const longestStart = 120_000
/** What the worker may hold, in MiB. */
const memory = 1024

export interface Ran {
  readonly inputs: number
  /** Milliseconds of processor time. */
  readonly processor: number
  /** Milliseconds of the slowest input, laws and all, and which it was. */
  readonly slowest: number
  readonly at: number
}

export interface Outcome {
  readonly ran: Map<string, Ran>
  /** The first failure of each kind, and how often there was one. */
  readonly failures: Map<string, { readonly failure: Failure; readonly times: number }>
}

export interface Asked {
  readonly seed: number
  readonly seconds: number
  readonly inputs: Work['inputs']
}

export interface Watching {
  /** What is run in the thread. */
  readonly worker?: URL
  /** Milliseconds of processor time after which an input counts as one that never ends. */
  readonly longest?: number
}

/** @param progress is told of each new failure */
export async function watch({ seed, seconds, inputs }: Asked, progress: (failure: Failure) => void,
  { worker = new URL('./worker.ts', import.meta.url), longest = 10_000 }: Watching = {}): Promise<Outcome> {
  const until = Date.now() + seconds * 1000
  const outcome: Outcome = { ran: new Map(), failures: new Map() }
  let left = inputs
  for (;;) {
    const state = new Int32Array(new SharedArrayBuffer(16))
    const ended = await once({ seed, inputs: left, until, known: [...outcome.failures.keys()], state }, outcome, progress, { worker,
      longest })
    if (ended === 'done') return outcome
    const [, which = 0, index = 0] = state
    const target = targets[which]
    if (!target) throw new Error(`the worker ended before its first input: ${ended.detail}`)
    add(outcome, { target: target.name, ...ended, index, input: inputOf(target, seed, index), isSmallest: false }, progress)
    // Each target goes on where it was; the one at fault behind its input.
    left = Object.fromEntries(Object.entries(inputs).map(([name, { from, to }]) => {
      const done = outcome.ran.get(name)?.inputs ?? 0
      return [name, { from: name === target.name ? index + 1 : Math.max(from + done, left[name]?.from ?? from), to }]
    }))
  }
}

type End = 'done' | Pick<Failure, 'law' | 'kind' | 'detail'>

/** Runs a worker to its end, whatever that is. */
async function once(work: Work, outcome: Outcome, progress: (failure: Failure) => void,
  { worker: url, longest }: Required<Watching>): Promise<End> {
  const worker = new Worker(url, { workerData: work, resourceLimits: { maxOldGenerationSizeMb: memory } })
  const { promise, resolve } = Promise.withResolvers<End>()
  worker.on('message', (message: Message) => {
    if (message.kind === 'done') resolve('done')
    else if (message.kind === 'failure') add(outcome, message.failure, progress)
    else if (message.kind === 'again') repeated(outcome, message.key)
    else count(outcome, message)
  })
  worker.on('error', (error: NodeJS.ErrnoException) =>
    resolve(
      error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? { law: 'memory', kind: '', detail: `it takes more than ${memory} MiB` }
        : { law: 'throws', kind: 'worker', detail: error.stack ?? error.message },
    ))
  worker.on('exit', (code) => resolve({ law: 'throws', kind: 'exit', detail: `the worker ended with status ${code}` }))
  const watching = new AbortController()
  void guard(work.state, longest, watching.signal, resolve)
  const end = await promise
  watching.abort()
  await worker.terminate()
  return end
}

/** Looks now and then whether the worker has gone on. What counts is processor time, so that a busy machine is no fault of an input. */
async function guard(state: Int32Array, longest: number, signal: AbortSignal, resolve: (end: End) => void): Promise<void> {
  // This thread only waits: what the process takes is the worker's.
  const now = (): { readonly processor: number; readonly clock: number } => {
    const { user, system } = process.cpuUsage()
    return { processor: (user + system) / 1000, clock: performance.now() }
  }
  let [beat, since] = [state[0], now()]
  while (!signal.aborted) {
    await sleep(Math.min(1000, longest), undefined, { signal }).catch(() => {})
    const { processor, clock } = now()
    // Before its first input it reads its sources.
    const most = beat === 0 ? longestStart : longest
    if (state[0] !== beat) [beat, since] = [state[0], { processor, clock }]
    // One that waits for ever takes no processor time.
    else if (processor - since.processor > most || clock - since.clock > 12 * most)
      return resolve({ law: 'ends', kind: '',
        detail: `${state[3] === 1 ? 'a smaller input' : 'it'} does not end within ${longest / 1000} s` })
  }
}

function add({ failures }: Outcome, failure: Failure, progress: (failure: Failure) => void): void {
  const key = keyOf(failure)
  const known = failures.get(key)
  // The same one, made smaller.
  failures.set(key, { failure: known && !failure.isSmallest ? known.failure : failure,
    times: failure.isSmallest ? (known?.times ?? 1) : (known?.times ?? 0) + 1 })
  if (!known) progress(failure)
}

function repeated({ failures }: Outcome, key: string): void {
  const known = failures.get(key)
  if (known) failures.set(key, { ...known, times: known.times + 1 })
}

function count({ ran }: Outcome, { target, inputs, processor, slowest, at }: Extract<Message, { kind: 'count' }>): void {
  const known = ran.get(target) ?? { inputs: 0, processor: 0, slowest: 0, at: 0 }
  const worst = slowest > known.slowest ? { slowest, at } : { slowest: known.slowest, at: known.at }
  ran.set(target, { inputs: known.inputs + inputs, processor: known.processor + processor, ...worst })
}
