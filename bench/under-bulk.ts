/**
 * The webhook while it is asked about objects that are made to be hard to read: how long others wait, how long /livez takes, how
 * much memory it holds. Beside it, the same with nothing else to do, and with connections that stop one byte short of their end.
 */
import { fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:https'
import { setPriority, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { makeCertificates } from '../src/x509/authority.ts'
import type { BulkAnswers, BulkLoad, StalledLoad } from './bulk-load.ts'
import { bulks } from './bulks.ts'
import { paddockCommand, startContestant } from './contestant.ts'
import { admissionReview } from './review.ts'

/** MiB: the limit of the chart. */
const memoryLimit = 384
/** How many bulks are asked about at once. */
const width = 64
/** Connections that stop one byte short, and what they promise: bytes. */
const stalled = { connections: 100, length: 7 * 1024 * 1024 }
/** Milliseconds between two reviews of the others, and two looks at /livez. */
const pace = { review: 10, livez: 50 }
const seconds = 15
const goals = { p99: 10, livez: 100 }

interface Probed {
  readonly reviews: readonly number[]
  readonly livez: readonly number[]
  readonly failed: number
}

const folder = mkdtempSync(join(tmpdir(), 'paddock-bench-'))
const { key, cert, ca } = makeCertificates(['localhost', '127.0.0.1'], Date.now(), randomBytes)
for (const [name, text] of Object.entries({ 'tls.key': key, 'tls.crt': cert, 'ca.crt': ca })) writeFileSync(join(folder, name), text)
const { child, port } = await startContestant(paddockCommand, folder, ca)
const ordinary = Buffer.from(JSON.stringify(admissionReview('validate')))

/** Status code of an answer, after all of it came. */
async function ask(agent: Agent, path: string, body?: Buffer): Promise<number> {
  const asked = request({ host: '127.0.0.1', port, path, method: body ? 'POST' : 'GET', agent, ca, servername: 'localhost',
    headers: body ? { 'content-type': 'application/json', 'content-length': body.length } : {} })
  asked.end(body)
  const [response] = (await once(asked, 'response')) as [NodeJS.ReadableStream & { statusCode: number }]
  response.resume()
  await once(response, 'end')
  return response.statusCode
}

/** Asks at a steady pace, whether answers come or not, until told to stop. */
async function probe(until: () => boolean): Promise<Probed> {
  const agents = { review: new Agent({ keepAlive: true }), livez: new Agent({ keepAlive: true }) }
  const taken = { review: [] as number[], livez: [] as number[] }
  let failed = 0
  const asking: Promise<void>[] = []
  const one = async (what: 'review' | 'livez'): Promise<void> => {
    const start = performance.now()
    const status = await (what === 'review' ? ask(agents.review, '/validate?timeout=2s', ordinary) : ask(agents.livez, '/livez')).catch(
      () => 0,
    )
    if (status !== 200) failed++
    taken[what].push(performance.now() - start)
  }
  for (let tick = 0; !until(); tick++) {
    asking.push(one('review'))
    if (tick % (pace.livez / pace.review) === 0) asking.push(one('livez'))
    await sleep(pace.review)
  }
  await Promise.all(asking)
  for (const agent of Object.values(agents)) agent.destroy()
  return { reviews: taken.review.toSorted((a, b) => a - b), livez: taken.livez.toSorted((a, b) => a - b), failed }
}

const memory = (field: 'VmHWM' | 'VmRSS'): number =>
  Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]) / 1024
const quantile = (sorted: readonly number[], q: number): number => sorted[Math.floor(q * (sorted.length - 1))] ?? NaN

function tell(name: string, { reviews, livez, failed }: Probed, idle?: Probed): void {
  const p99 = quantile(reviews, 0.99)
  const ratio = idle ? p99 / quantile(idle.reviews, 0.99) : 1
  const slowest = livez.at(-1) ?? NaN
  const missed = ratio > goals.p99 || (idle !== undefined && slowest > goals.livez) || memory('VmHWM') > memoryLimit || failed > 0
  const cells = [quantile(reviews, 0.5), p99, ratio, slowest].map((value) => value.toFixed(1).padStart(9))
  console.log(
    `${name.padEnd(46)}${cells.join('')}${String(failed).padStart(8)}${memory('VmHWM').toFixed(0).padStart(9)}${missed ? '  MISSED' : ''}`,
  )
}

async function ordinaryFor(milliseconds: number): Promise<Probed> {
  const end = performance.now() + milliseconds
  return probe(() => performance.now() > end)
}

try {
  for (let round = 0; round < 3; round++) await ordinaryFor(2_000)
  console.log(
    `node ${process.version}; others send a review each ${pace.review} ms; milliseconds, and MiB at most (limit ${memoryLimit})\n`,
  )
  console.log(
    `${''.padEnd(46)}${
      ['p50', 'p99', 'ratio', '/livez', 'failed', 'MiB'].map((head, index) => head.padStart(index === 4 ? 8 : 9)).join('')
    }`,
  )
  const idle = await ordinaryFor(5_000)
  tell('nothing else', idle)
  const named = process.argv.slice(2).join(' ')
  const statuses = new Map<number, number>()
  for (const bulk of bulks.filter(({ name }) => name.includes(named))) {
    // A process of its own: what it takes to send them must not hold up those who ask.
    const load = fork(join(import.meta.dirname, 'bulk-load.ts'))
    // It stands for other machines, which take no processor time of this one.
    setPriority(load.pid ?? 0, 19)
    load.send({ port, ca, name: bulk.name, width, seconds } satisfies BulkLoad)
    let done = false
    const [probed, answers] = await Promise.all([probe(() => done),
      once(load, 'message').then(([message]) => ((done = true), message as BulkAnswers))])
    load.kill()
    for (const [status, count] of answers) statuses.set(status, (statuses.get(status) ?? 0) + count)
    tell(`${width} at once: ${bulk.name}`, probed, idle)
  }
  console.log(`answers to the bulks: ${[...statuses].map(([status, count]) => `${count} of ${status || 'closed'}`).join(', ')}`)

  const load = fork(join(import.meta.dirname, 'bulk-load.ts'))
  load.send({ port, ca, ...stalled } satisfies StalledLoad)
  tell(`${stalled.connections} that send 7 MB and stop one byte short`, await ordinaryFor(10_000), idle)
  load.kill()
  console.log(child.exitCode === null ? 'the webhook is still there' : `the webhook ended: MISSED`)
} finally {
  child.kill('SIGKILL')
  rmSync(folder, { recursive: true })
}
