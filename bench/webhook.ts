/**
 * The webhook beside a bare Fastify server, in one run on one machine: what an inspection costs.
 *
 * Servers and load are processes of their own, on a CPU each where `taskset` is there. Rounds alternate between the
 * two servers and medians are taken, so that what else the machine does falls on both. Linux only: CPU time and peak
 * memory are read from /proc.
 *
 * With `--beside REF`, the build of that commit is measured in the same run. Other arguments, if any, are another command of the
 * webhook, with `{port}` and `{folder}` (of `tls.crt` and `tls.key`).
 */
import type { ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeCertificates } from '../src/x509/authority.ts'
import type { Operation } from '../src/admission/responder.ts'
import { buildOf } from './beside.ts'
import { bareCommand, canPin, node, paddockCommand, startContestant, type Contestant } from './contestant.ts'
import type { Result, Round } from './load.ts'
import { admissionReview } from './review.ts'

const connections = 16
const rounds = 7
const perRound = 5_000
const warmUp = 10_000

/** To reach, for both operations alike: ratios to the bare server, and MiB. */
const goals = { throughput: 0.7, cpu: 2.2 / 1.5, memory: 130 }

const [besideFlag, ref, ...rest] = process.argv.slice(2)
const beside = besideFlag === '--beside' ? ref : undefined
const named = beside === undefined ? process.argv.slice(2) : rest
const webhookCommand = named.length > 0 ? named : paddockCommand
const besideCommand = beside === undefined ? undefined
  : paddockCommand.map((word) => (word.startsWith('dist/') ? join(buildOf(beside), word) : word))

/** One round of one server: reviews a second, CPU seconds for 10,000 reviews, latencies in milliseconds. */
interface Measured {
  readonly throughput: number
  readonly cpu: number
  readonly p50: number
  readonly p99: number
}

interface Measuring extends Contestant {
  readonly measured: Record<Operation, Measured[]>
}

async function start(command: readonly string[], folder: string, ca: string): Promise<Measuring> {
  return { ...(await startContestant(command, folder, ca, 0)), measured: { mutate: [], validate: [] } }
}

/** User and system seconds of a process with all its threads: fields 14 and 15 of proc(5) stat, in hundredths. */
function cpuSeconds({ child }: Contestant): number {
  const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) / 100
}

/** MiB: the most that a process ever held. */
function peakMemory({ child }: Contestant): number {
  return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]) / 1024
}

async function ask(load: ChildProcess, round: Round): Promise<Result> {
  load.send(round)
  const [result] = (await once(load, 'message')) as [Result | { error: string }]
  if ('error' in result) throw new Error(result.error)
  return result
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'paddock-bench-'))
  const children: ChildProcess[] = []
  try {
    const { key, cert, ca } = makeCertificates(['localhost', '127.0.0.1'], Date.now(), randomBytes)
    const files = { 'tls.key': key, 'tls.crt': cert, 'ca.crt': ca }
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
    const bare = await start(bareCommand, folder, ca)
    children.push(bare.child)
    const webhook = await start(webhookCommand, folder, ca)
    children.push(webhook.child)
    const former = besideCommand && (await start(besideCommand, folder, ca))
    if (former) children.push(former.child)
    const load = node([join(import.meta.dirname, 'load.ts')], 1, 'ipc')
    children.push(load)

    const idle = peakMemory(webhook)
    let busy = 0
    let wall = 0
    for (let round = -1; round < rounds; round++) {
      for (const operation of ['validate', 'mutate'] as const) {
        for (const contestant of [bare, ...(former ? [former] : []), webhook]) {
          const before = cpuSeconds(contestant)
          const requests = round === -1 ? warmUp : perRound
          const result = await ask(load, { port: contestant.port, ca, operation, connections, requests })
          const cpu = ((cpuSeconds(contestant) - before) / requests) * 10_000
          if (contestant === webhook) expectAnswer(operation, result.sample)
          if (round === -1) continue
          contestant.measured[operation].push({ throughput: requests / result.seconds, cpu, p50: result.p50, p99: result.p99 })
          busy += result.cpu
          wall += result.seconds
        }
      }
    }
    report(bare, webhook, idle, busy / wall)
    if (former) reportBeside(former, webhook)
  } finally {
    for (const child of children) child.kill('SIGKILL')
    rmSync(folder, { recursive: true })
  }
}

/** That what is measured is an inspection: nothing to do for the one, a patch for the other. */
function expectAnswer(operation: Operation, body: string): void {
  const { response } = JSON.parse(body) as { response: { allowed: boolean; patch?: string; warnings?: unknown } }
  const patch = response.patch === undefined ? [] : (JSON.parse(Buffer.from(response.patch, 'base64').toString()) as unknown[])
  const expected = operation === 'mutate' ? patch.length > 0 : patch.length === 0 && response.warnings === undefined
  if (!response.allowed || !expected) throw new Error(`/${operation} answered the review of this bench with ${body}`)
}

function report(bare: Measuring, webhook: Measuring, idle: number, loadBusy: number): void {
  const line = (what: string, unit: string, a: string, b: string, ratio: string, goal: string) =>
    console.log(what.padEnd(11) + unit.padEnd(20) + a.padStart(10) + b.padStart(10) + ratio.padStart(8) + goal.padStart(16))
  const verdict = (reached: boolean, goal: string) => `${goal} ${reached ? 'ok' : 'MISSED'}`

  const { version, arch } = process
  console.log(`node ${version} ${arch}, ${canPin ? 'server and load on a CPU each' : 'not pinned'}, ${connections} connections`)
  console.log(`medians of ${rounds} rounds of ${perRound.toLocaleString('en')} reviews\n`)
  line('', '', 'bare', 'paddock', 'ratio', 'goal')
  for (const operation of ['validate', 'mutate'] as const) {
    const of = (contestant: Measuring, key: keyof Measured) => median(contestant.measured[operation].map((each) => each[key]))
    const row = (name: string, key: keyof Measured, digits: number, goal: (ratio: number) => string) => {
      const [a, b] = [of(bare, key), of(webhook, key)]
      const fraction = { minimumFractionDigits: digits, maximumFractionDigits: digits }
      const show = (value: number) => value.toLocaleString('en', fraction)
      line(key === 'throughput' ? `/${operation}` : '', name, show(a), show(b), (b / a).toFixed(2), goal(b / a))
    }
    console.log(`${' '.repeat(11)}review of ${JSON.stringify(admissionReview(operation)).length.toLocaleString('en')} bytes`)
    row('reviews a second', 'throughput', 0, (ratio) => verdict(ratio >= goals.throughput, `>= ${goals.throughput}`))
    row('CPU s for 10,000', 'cpu', 2, (ratio) => verdict(ratio <= goals.cpu, `<= ${goals.cpu.toFixed(2)}`))
    row('p50 ms', 'p50', 2, () => '')
    row('p99 ms', 'p99', 2, () => '')
  }
  const [a, b] = [peakMemory(bare), peakMemory(webhook)]
  line('memory', 'MiB at start', '', idle.toFixed(0), '', '')
  line('', 'MiB at most', a.toFixed(0), b.toFixed(0), (b / a).toFixed(2), verdict(b <= goals.memory, `<= ${goals.memory}`))
  console.log(`\nthe load kept its CPU ${(loadBusy * 100).toFixed(0)} % busy (at 100 %, it would have been what is measured)`)
}

/** Round by round, so that what else the machine does falls on both. */
function reportBeside(former: Measuring, webhook: Measuring): void {
  console.log(`\nbeside ${beside}, medians of the ratios of each round (least to most)`)
  for (const operation of ['validate', 'mutate'] as const)
    for (const key of ['throughput', 'cpu'] as const) {
      const ratios = webhook.measured[operation].map((each, round) => each[key] / (former.measured[operation][round]?.[key] ?? NaN))
        .toSorted((a, b) => a - b)
      console.log(
        `/${operation.padEnd(10)}${key.padEnd(20)}${median(ratios).toFixed(2).padStart(10)}  (${ratios[0]?.toFixed(2)} to ${
          ratios.at(-1)?.toFixed(2)
        })`,
      )
    }
}

await main()
