/** What to change, in the order of the platform's guide: workers, then gevent or threads, then the slow paths, then the timeout. */
import type { Capacity } from './capacity.ts'
import type { Advice } from './diagnosis.ts'
import type { Circumstances } from './circumstances.ts'

/** What the guide starts with. */
const guideWorkers = 4
const guideThreads = 4
/** Seconds: "1 minute or a larger value". */
const guideTimeout = 60

export const percent = (share: number): string => `${Math.round(share * 100)} %`

export const seconds = (
  duration: number,
): string => (duration >= 10 ? `${Math.round(duration)} s`
  : duration >= 1 ? `${duration.toFixed(1)} s` : `${Math.max(1, Math.round(duration * 1000))} ms`)

/** What another number of workers, or of threads of each, is expected to bring, as the end of a sentence; empty where nothing says so. */
export type Predict = (workerClass: 'sync' | 'gthread' | 'gevent', workers: number, threads: number) => string

const unpredicted: Predict = () => ''

/** More workers, up to the platform's number of them. */
export function moreWorkers({ workers, threads = 1, workerClass }: Capacity, predict = unpredicted): readonly Advice[] {
  if (workers === undefined || workers >= guideWorkers ||
    !(workerClass === 'sync' || workerClass === 'gthread' || workerClass === undefined)) return []
  const each = workerClass === 'gthread' ? threads : 1
  return [{ text: `Raise the workers to ${guideWorkers}.`, setting: 'workers', value: guideWorkers,
    expected: `${guideWorkers * each} requests are served at once${predict(workerClass ?? 'sync', guideWorkers, each)}` }]
}

/** A class that serves several requests at once in a worker. */
export function anotherClass({ workerClass, workers }: Capacity, cures: string, { hasGevent }: Circumstances,
  predict = unpredicted): readonly Advice[] {
  const gevent = geventWorkers(cures + predict('gevent', workers ?? 1, 1), hasGevent)
  if (workerClass !== undefined && workerClass !== 'sync') return workerClass === 'gthread' ? [gevent] : []
  return [
    gevent,
    { text: `Or give each worker ${guideThreads} threads, which needs nothing installed.`, setting: 'threads', value: guideThreads,
      expected: `${(workers ?? 1) * guideThreads} requests are served at once; ${cures}${predict('gthread', workers ?? 1, guideThreads)}` },
  ]
}

const geventWorkers = (cures: string, hasGevent = false): Advice => ({
  text: `Switch to gevent workers${hasGevent ? '' : ', and add gevent to requirements.txt'}.`,
  setting: 'worker_class',
  value: 'gevent',
  expected:
    `requests that wait for others no longer hold a worker; ${cures}; it brings nothing where the time goes into computing, or into libraries that wait in C`,
})

export function fasterPaths(paths: readonly string[], expected: string): readonly Advice[] {
  if (paths.length === 0) return []
  return [{ text: `Make these faster, or move their work out of the request: ${paths.slice(0, 5).join(', ')}.`, setting: null, value: null,
    expected }]
}

export function longerTimeout({ timeout = 30, gracefulTimeout }: Circumstances): readonly Advice[] {
  const value = Math.max(guideTimeout, timeout * 2)
  const grace = gracefulTimeout === undefined || gracefulTimeout < value ? '; at a stop they still have graceful_timeout alone' : ''
  return [{ text: `Where they cannot be made faster, raise the timeout to ${value} s.`, setting: 'timeout', value,
    expected: `requests of up to ${value} s are answered, and hold their worker as long${grace}` }]
}

/** Where memory runs out. */
export function lessMemory({ maxRequests = 0 }: Circumstances, { workers }: Capacity): readonly Advice[] {
  const renewed: readonly Advice[] = maxRequests > 0 ? []
    : [{ text: 'Renew workers after 1000 requests, with max_requests_jitter 100.', setting: 'max_requests', value: 1000,
      expected: 'memory that a worker does not give back is freed before the limit is reached' }]
  const fewer: readonly Advice[] = workers !== undefined && workers > 1
    ? [{ text: 'Or raise the memory limit of the container, or start fewer workers.', setting: null, value: null,
      expected: 'all workers together stay below the limit' }]
    : [{ text: 'Or raise the memory limit of the container.', setting: null, value: null, expected: 'the worker stays below the limit' }]
  return [...renewed, ...fewer]
}
