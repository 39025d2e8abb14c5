/** Whether a replay of what one gunicorn has logged says how another number of workers, or of threads, fares with the same requests. */
import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect } from '@jest/globals'
import { capacityOf } from '../../src/logs/capacity.ts'
import { Diagnosing } from '../../src/logs/diagnosing.ts'
import { replay, serversOf } from '../../src/logs/replay.ts'
import { logOf, type Started } from './log-runs.ts'
import { realTest, seed } from './real.ts'

const shop = `
import time
def app(environ, start_response):
    time.sleep(float(environ['PATH_INFO'].split('/')[2]))
    start_response('200 OK', [('Content-Length', '2')])
    return [b'ok']
`

const format = '%(t)s "%(r)s" %(s)s %(D)s'
const serving = ['-b', '127.0.0.1:PORT', '--access-logfile', '-', '--access-logformat', format, 'shop:app']

/** People come when they like: ten in a second, of whom a sixth want what takes long. */
function load(): readonly { readonly at: number; readonly path: string }[] {
  let state = seed + 41
  const random = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647
  let at = 0
  return Array.from({ length: 300 }, () => {
    at += -Math.log(1 - random()) * 100
    const seconds = random() < 1 / 6 ? 0.4 + random() * 0.4 : 0.05 + random() * 0.1
    return { at, path: `/sleep/${seconds.toFixed(3)}` }
  })
}

const product = ([workers, threads]: readonly [number, number] = [0, 0]): number => workers * threads

interface Measured {
  readonly log: Diagnosing
  readonly busy: number
  /** Seconds, as those who ask see it. */
  readonly p95: number
  /** Seconds by which timers of this machine are late: what takes its processors away takes them from gunicorn, too. */
  readonly late: number
}

/** Seconds: on a machine that is busy with others, nobody can say whose the waiting is. */
const mostLate = 0.02

type Class = 'sync' | 'gthread'

async function measured(release: string, workerClass: Class, workers: number, threads: number): Promise<Measured> {
  const [answers, ticks]: [number[], number[]] = [[], []]
  const drive = async (gunicorn: Started): Promise<void> => {
    await gunicorn.until('Booting worker', workers)
    await wait(1000)
    const begin = performance.now()
    const ticking = setInterval(() => ticks.push(performance.now()), 50)
    await Promise.all(load().map(async ({ at, path }) => {
      await wait(Math.max(0, begin + at - performance.now()))
      const asked = performance.now()
      await gunicorn.get(path)
      answers.push((performance.now() - asked) / 1000)
    }))
    clearInterval(ticking)
  }
  const { log: text } = await logOf({ release, files: { 'shop.py': shop }, drive,
    args: ['-w', String(workers), '--threads', String(threads), ...serving] })
  const log = new Diagnosing({ isKnown: true, workers, threads, workerClass, accessLogFormat: format })
  log.push(Buffer.from(text))
  log.end()
  const { slots = NaN } = capacityOf(log)
  answers.sort((one, other) => one - other)
  const gaps = ticks.slice(1).map((tick, index) => (tick - (ticks[index] ?? 0)) / 1000 - 0.05).sort((one, other) => one - other)
  return { log, busy: log.timeline.work / (slots * (log.requests.to - log.requests.from)),
    p95: answers[Math.ceil(answers.length * 0.95) - 1] ?? NaN, late: gaps[Math.floor(gaps.length * 0.95)] ?? 0 }
}

const kinds: readonly (readonly [Class, readonly (readonly [number, number])[]])[] = [
  ['sync', [[2, 1], [3, 1], [4, 1], [8, 1]]],
  ['gthread', [[1, 3], [1, 4], [2, 2], [2, 4]]],
]

/**
 * Of a gunicorn that is busy most of the time it is not known who waited, and for how long: it says what more of it would bring, and
 * one that is busy half of the time what less of it would.
 */
const tells = (from: Measured, size: number, other: number): boolean => other > size || from.busy < 0.5

describe.each(['20.1.0', '27.0.1'])('gunicorn %s', (release) => {
  for (const [workerClass, sizes] of kinds)
    realTest(`${workerClass}: what is predicted of each from each is within 20 % of what is measured`, undefined, async () => {
      const runs = await Promise.all(sizes.map(([workers, threads]) => measured(release, workerClass, workers, threads)))
      const late = Math.max(...runs.map((run) => run.late))
      if (late > mostLate) {
        process.stderr.write(`not tested: ${workerClass} of ${release}: timers of this machine are ${late.toFixed(3)} s late\n`)
        return
      }
      const wrong: string[] = []
      for (const [from, run] of runs.entries())
        for (const [to, { busy, p95 }] of runs.entries()) {
          const [workers, threads] = sizes[to] ?? [0, 0]
          const { best, isFine } = run.log.requests
          if (!tells(run, product(sizes[from]), product(sizes[to]))) continue
          const predicted = best && replay(best, isFine, serversOf(workerClass, workers, threads, 1))
          const isNear = (one: number, other: number): boolean => Math.abs(one - other) <= other * 0.2
          const told = `${sizes[from]} -> ${sizes[to]}: busy ${predicted?.busy.toFixed(3)} of ${busy.toFixed(3)}, p95 ${
            predicted?.p95.toFixed(3)
          } of ${p95.toFixed(3)}`
          if (!predicted || !isNear(predicted.busy, busy) || !isNear(predicted.p95, p95)) wrong.push(told)
        }
      expect(wrong).toEqual([])
    })
})
