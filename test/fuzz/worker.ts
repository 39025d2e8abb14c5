/**
 * The thread that runs the inputs. It says in shared memory which one it is at, so that the thread that watches can name the
 * one that it never comes back from.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { faultsOf, inputOf, keyOf, smallest, type Failure } from './run.ts'
import { targets } from './targets/index.ts'

export interface Work {
  readonly seed: number
  /** Of each target, by name: the input that it begins with, and the one that it ends before. */
  readonly inputs: Readonly<Record<string, { readonly from: number; readonly to: number }>>
  /** When it ends, as `Date.now()` tells it. */
  readonly until: number
  /** Kinds of failures that are known already, which are counted and no more. */
  readonly known: readonly string[]
  /** Heartbeat, target, input, and 1 where an input is being made smaller. */
  readonly state: Int32Array
}

export type Message =
  | { readonly kind: 'count'; readonly target: string; readonly inputs: number; readonly processor: number; readonly slowest: number;
    readonly at: number }
  | { readonly kind: 'failure'; readonly failure: Failure }
  | { readonly kind: 'again'; readonly key: string }
  | { readonly kind: 'done' }

/** Inputs that are run before it is told how many they were. */
const batch = 50

async function work({ seed, inputs, until, known, state }: Work, say: (message: Message) => void): Promise<void> {
  const seen = new Set(known)
  const next = new Map(Object.entries(inputs).map(([name, { from }]) => [name, from]))
  const beat = (): void => void Atomics.add(state, 0, 1)
  const done = (name: string): number => (next.get(name) ?? 0) - (inputs[name]?.from ?? 0)
  const open = targets.filter(({ name }) => inputs[name] !== undefined)
  let counts = new Map<string, { inputs: number; processor: number; slowest: number; at: number }>()
  const tell = (): void => {
    for (const [target, count] of counts) say({ kind: 'count', target, ...count })
    counts = new Map()
  }
  for (let ran = 0; Date.now() < until; ran++) {
    // Whoever had the least of its share is next: the same in each run.
    const left = open.filter(({ name }) => (next.get(name) ?? 0) < (inputs[name]?.to ?? 0))
    const target = left.reduce<(typeof left)[number] | undefined>(
      (least, one) => (least && done(least.name) / least.share <= done(one.name) / one.share ? least : one),
      undefined,
    )
    if (!target) break
    const index = next.get(target.name) ?? 0
    next.set(target.name, index + 1)
    state[1] = targets.indexOf(target)
    state[2] = index
    state[3] = 0
    beat()
    const start = performance.now()
    const before = process.cpuUsage()
    const input = inputOf(target, seed, index)
    const faults = await faultsOf(target, input)
    const milliseconds = performance.now() - start
    const { user, system } = process.cpuUsage(before)
    const count = counts.get(target.name) ?? { inputs: 0, processor: 0, slowest: 0, at: index }
    count.inputs += 1
    count.processor += (user + system) / 1000
    if (milliseconds > count.slowest) Object.assign(count, { slowest: milliseconds, at: index })
    counts.set(target.name, count)
    for (const fault of faults) {
      const failure: Failure = { target: target.name, ...fault, index, input, isSmallest: false }
      const key = keyOf(failure)
      if (seen.has(key)) {
        say({ kind: 'again', key })
        continue
      }
      seen.add(key)
      // Told before it is made smaller, which may be the end of this thread.
      say({ kind: 'failure', failure })
      state[3] = 1
      say({ kind: 'failure', failure: await smallest(target, failure, beat) })
      state[3] = 0
      beat()
    }
    if (ran % batch === batch - 1) tell()
  }
  tell()
  say({ kind: 'done' })
}

if (!parentPort) throw new Error('it is a thread of test/fuzz/watch.ts')
await work(workerData as Work, parentPort.postMessage.bind(parentPort))
