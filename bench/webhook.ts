/**
 * The webhook beside a bare Fastify server, in one run on one machine: what an inspection costs, of five streams of reviews.
 *
 * Servers and load are processes of their own, on a CPU each where `taskset` is there. Rounds alternate between the
 * servers and medians of ratios are taken, so that what else the machine does falls on all. Linux only: CPU time and peak
 * memory are read from /proc. A stream goes on from round to round: of the distinct ones no template comes back before all others have come.
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
import { stream, streamNames, streamWords, type StreamName } from './streams.ts'

const connections = 16
const rounds = 5
const perRound = 4_000
const warmUp = 6_000

/** To reach: the bare server's CPU a review by ours, and MiB. */
const goals: Readonly<Record<StreamName, Readonly<Record<Operation, number>>>> = {
  repeated: { validate: 1, mutate: 0.9 },
  distinct: { validate: 0.75, mutate: 0.65 },
  rollout: { validate: 0.95, mutate: 0.85 },
  updates: { validate: 1.2, mutate: 1.2 },
  scaling: { validate: 1.2, mutate: 1.2 },
}
const mostMemory = 115
const operations = ['validate', 'mutate'] as const

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
  readonly measured: Map<string, Measured[]>
}

async function start(command: readonly string[], folder: string, ca: string): Promise<Measuring> {
  return { ...(await startContestant(command, folder, ca, 0)), measured: new Map() }
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
      for (const name of streamNames)
        for (const operation of operations) {
          for (const contestant of [bare, ...(former ? [former] : []), webhook]) {
            const before = cpuSeconds(contestant)
            const requests = round === -1 ? warmUp : perRound
            const result = await ask(load, { port: contestant.port, ca, stream: name, operation, connections, requests })
            const cpu = ((cpuSeconds(contestant) - before) / requests) * 10_000
            if (contestant === webhook && name === 'repeated') expectAnswer(operation, result.sample)
            if (round === -1) continue
            measuredOf(contestant, name, operation).push({ throughput: requests / result.seconds, cpu, p50: result.p50, p99: result.p99 })
            busy += result.cpu
            wall += result.seconds
          }
        }
    }
    report(bare, webhook, former, idle, busy / wall)
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

function measuredOf({ measured }: Measuring, name: StreamName, operation: Operation): Measured[] {
  const kind = `${name} ${operation}`
  if (!measured.has(kind)) measured.set(kind, [])
  return measured.get(kind) ?? []
}

/** The median of ratios, round by round, and the least and the most of them. */
function ratios(above: readonly Measured[], below: readonly Measured[],
  key: keyof Measured): { readonly median: number; readonly text: string } {
  const sorted = above.map((each, round) => each[key] / (below[round]?.[key] ?? NaN)).toSorted((a, b) => a - b)
  const middle = median(sorted)
  return { median: middle, text: `${middle.toFixed(2)} (${sorted[0]?.toFixed(2)} to ${sorted.at(-1)?.toFixed(2)})` }
}

function report(bare: Measuring, webhook: Measuring, former: Measuring | undefined, idle: number, loadBusy: number): void {
  const { version, arch } = process
  console.log(`node ${version} ${arch}, ${canPin ? 'server and load on a CPU each' : 'not pinned'}, ${connections} connections`)
  console.log(`medians of ${rounds} rounds of ${perRound.toLocaleString('en')} reviews; ratios round by round, from least to most`)
  const line = (...cells: readonly string[]): void =>
    console.log(
      cells.map((cell, index) => (index === 0 ? cell.padEnd(10) : cell.padStart([0, 11, 11, 9, 8, 22, 14, 22][index] ?? 10))).join(''),
    )
  for (const name of streamNames) {
    console.log(`\n${name}: ${streamWords[name]}`)
    line('', 'reviews/s', 'CPU us', 'p50 ms', 'p99 ms', 'CPU: bare / paddock', 'goal', former ? `CPU: paddock / ${beside}` : '')
    for (const operation of operations) {
      const bytes = Math.max(...stream(name, operation).map((one) => one.bytes.length))
      const figures = (contestant: Measuring): string[] => {
        const of = (key: keyof Measured): number => median(measuredOf(contestant, name, operation).map((each) => each[key]))
        return [Math.round(of('throughput')).toLocaleString('en'), (of('cpu') * 100).toFixed(0), of('p50').toFixed(2), of('p99').toFixed(2)]
      }
      const [own, base] = [webhook, bare].map((one) => measuredOf(one, name, operation)) as [Measured[], Measured[]]
      const { median: reached, text } = ratios(base, own, 'cpu')
      const goal = goals[name][operation]
      line(`/${operation}`, ...figures(webhook), text, `>= ${goal} ${reached >= goal ? 'ok' : 'MISSED'}`,
        former ? ratios(own, measuredOf(former, name, operation), 'cpu').text : '')
      line('  bare', ...figures(bare), `of ${bytes.toLocaleString('en')} bytes`)
    }
  }
  const [a, b] = [peakMemory(bare), peakMemory(webhook)]
  console.log(
    `\nmemory at most ${b.toFixed(0)} MiB, at start ${idle.toFixed(0)}, bare ${a.toFixed(0)}${
      former ? `, ${beside} ${peakMemory(former).toFixed(0)}` : ''
    } (<= ${mostMemory} ${b <= mostMemory ? 'ok' : 'MISSED'})`,
  )
  console.log(`the load kept its CPU ${(loadBusy * 100).toFixed(0)} % busy (at 100 %, it would have been what is measured)`)
}

await main()
