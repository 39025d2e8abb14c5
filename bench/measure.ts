/** Runs a command to its end and tells what it took. Linux only: memory is the kernel's own account of the process. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'

export interface Taken {
  readonly seconds: number
  /** MiB: the most that it ever held. */
  readonly memory: number
}

/** Milliseconds between two looks at a process's memory. */
const pace = 5

/** How often a command is run for one figure; the median counts. */
export async function measure(command: readonly string[], runs: number): Promise<Taken> {
  const taken: Taken[] = []
  for (let run = 0; run < runs; run++) taken.push(await runOnce(command))
  const middle = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN
  return { seconds: middle(taken.map((one) => one.seconds)), memory: middle(taken.map((one) => one.memory)) }
}

async function runOnce([program = '', ...args]: readonly string[]): Promise<Taken> {
  const start = performance.now()
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'ignore'] })
  let memory = 0
  const look = setInterval(() => {
    memory = Math.max(memory, peak(child.pid))
  }, pace)
  await once(child, 'exit')
  clearInterval(look)
  return { seconds: (performance.now() - start) / 1000, memory }
}

function peak(pid: number | undefined): number {
  try {
    return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024
  } catch {
    return 0
  }
}

export const cores = `${availableParallelism()} cores`
