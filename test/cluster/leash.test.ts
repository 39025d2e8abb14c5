import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { pause, startProgram } from './program.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'paddock-leash-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

/** A shell that says its process id and then goes on for a minute. */
const patient = ['sh', '-c', 'echo $$; exec sleep 60'] as const

test('a program ends when it is stopped', async () => {
  const [command, ...args] = patient
  const program = startProgram(command, args, { logFile: join(folder, 'log') })
  const id = await firstNumber(program.output)
  expect(isRunning(id)).toBe(true)
  await program.stop()
  expect(isRunning(id)).toBe(false)
})

test('a signal reaches the program, and one that is halted can be stopped', async () => {
  const script = 'trap "echo heard" USR1; echo $$; while :; do sleep 0.1; done'
  const program = startProgram('sh', ['-c', script], { logFile: join(folder, 'log') })
  const id = await firstNumber(program.output)
  program.signal('SIGUSR1')
  for (let waited = 0; !(await program.output()).includes('heard') && waited < 5000; waited += 20) await pause(20)
  expect(await program.output()).toContain('heard')
  program.signal('SIGSTOP')
  await program.stop()
  expect(isRunning(id)).toBe(false)
})

test('a program ends when the one who started it is killed', async () => {
  const logFile = join(folder, 'log')
  const start = `
    import { startProgram } from '${join(import.meta.dirname, 'program.ts')}'
    startProgram('${patient[0]}', ${JSON.stringify(patient.slice(1))}, { logFile: '${logFile}' })
    setInterval(() => {}, 60_000)`
  const parent = spawn(process.execPath, ['--input-type=module-typescript', '-e', start], { stdio: 'ignore' })
  const id = await firstNumber(() => readFile(logFile, 'utf8').catch(() => ''))
  expect(isRunning(id)).toBe(true)
  parent.kill('SIGKILL')
  for (let waited = 0; isRunning(id) && waited < 5000; waited += 20) await pause(20)
  expect(isRunning(id)).toBe(false)
})

test('a program that cannot be started says so', async () => {
  const program = startProgram(join(folder, 'missing'), [], { logFile: join(folder, 'log') })
  expect(await program.exited).toBe(127)
  expect(await program.output()).toBe(`spawn ${join(folder, 'missing')} ENOENT\n`)
})

async function firstNumber(output: () => Promise<string>): Promise<number> {
  for (let waited = 0; waited < 5000; waited += 20) {
    const [digits] = /\d+\n/.exec(await output()) ?? []
    if (digits !== undefined) return Number(digits)
    await pause(20)
  }
  throw new Error('no number after 5 s')
}

function isRunning(id: number): boolean {
  try {
    return process.kill(id, 0)
  } catch {
    return false
  }
}
