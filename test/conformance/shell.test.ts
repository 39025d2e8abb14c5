/**
 * What `readScript` says of generated scripts, against what real shells run for them.
 *
 * Programs on PATH record the arguments and the variables that they get. What the reader says it knows must be what they
 * recorded; what surely runs must have run; and nothing may have run that was not listed.
 */
import { afterAll, beforeAll, describe, expect } from '@jest/globals'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Environment } from '../../src/shell/environment.ts'
import type { Dialect } from '../../src/shell/invocation.ts'
import { quote, quoteWith } from '../../src/shell/quote.ts'
import { readScript, type Command, type Script } from '../../src/shell/script.ts'
import { literal } from '../../src/shell/word.ts'
import { amount } from '../amount.ts'
import { Random } from './random.ts'
import { realTest, seed } from './real.ts'
import { findProgram, missing, single } from './shell-programs.ts'
import { files, generate, names, stubs, type Generated } from './shell-scripts.ts'
import { canBe, show } from './shell-words.ts'

/** How many scripts each shell runs; `share` leaves half of them to another one. */
const scripts = Number(process.env['PADDOCK_SHELL_SCRIPTS'] ?? amount(2000))

/** Seconds that a script may take; it takes some milliseconds. */
const scriptLimit = 30

interface Shell {
  readonly name: string
  readonly dialect: Dialect
  /** The program, and the words before `-c`. */
  readonly command: readonly string[]
  /** Runs each script whose number is this, modulo 2; every script where it is undefined. */
  readonly share?: number
}

const shells: readonly Shell[] = [
  { name: 'dash', dialect: 'sh', command: ['dash'] },
  { name: 'bash', dialect: 'bash', command: ['bash'] },
  { name: 'bash as sh', dialect: 'sh', command: ['bash', '--posix'], share: 0 },
  { name: 'busybox', dialect: 'sh', command: ['busybox', 'sh'], share: 1 },
]

/** One run of a program: its name, its arguments, and the variables among `names` that it got. */
interface Run {
  readonly argv: readonly string[]
  readonly variables: ReadonlyMap<string, string>
}

const folder = mkdtempSync(join(tmpdir(), 'paddock-shell-'))
const bin = join(folder, 'bin')
const work = join(folder, 'work')

beforeAll(() => {
  mkdirSync(bin)
  mkdirSync(work)
  for (const file of files) writeFileSync(join(work, file), '')
  const variables = names.map((name) => `\${${name}+"${name}=$${name}"}`).join(' ')
  for (const stub of stubs) {
    // One write each, so that what runs at the same time is not mixed.
    writeFileSync(
      join(bin, stub),
      `#!${findProgram('dash') ?? '/bin/sh'}\nprintf '%s\\0' "$#" ${stub} "$@" ${variables} '' >> "$RECORD"\n` +
        (stub === 'quiet' ? '' : 'echo o p\n') + (stub === 'broken' ? 'exit 1\n' : ''),
      { mode: 0o755 },
    )
  }
})

afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

/** Runs every script in the shell; what each recorded, in order. */
function runAll(shell: Shell, all: readonly (Generated | undefined)[]): Run[][] {
  const records = join(folder, `records-${shell.name.replaceAll(' ', '-')}-${Math.floor(performance.now())}`)
  mkdirSync(records)
  const env = findProgram('env') ?? '/usr/bin/env'
  const late = join(records, 'late')
  const program = findProgram(shell.command[0] ?? '') ?? ''
  const driver = all.map((script, index) => {
    if (script === undefined) return ''
    const variables = [...script.variables, ['PATH', bin], ['RECORD', join(records, String(index))]]
      .map(([name, value]) => single(`${name}=${value}`))
    const words = [program, ...shell.command.slice(1), '-c', script.text, ...script.parameters].map(single)
    const run = `${findProgram('timeout') ?? 'timeout'} ${scriptLimit} ${env} -i ${variables.join(' ')} ${
      words.join(' ')
    } </dev/null >/dev/null 2>&3`
    // What `timeout` ends with where it had to end the script.
    return `${run} || [ $? -ne 124 ] || echo ${index} >> ${single(late)}\n`
  }).join('')
  const file = join(folder, 'driver')
  // What a script leaves in the background holds descriptor 3, and so is waited for.
  writeFileSync(file, `exec 3>&1\n${driver}`)
  const { status, error } = spawnSync(findProgram('dash') ?? 'sh', [file], {
    cwd: work,
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: 300_000,
    maxBuffer: 1 << 28,
  })
  if (error !== undefined || status === null) throw error ?? new Error('the driver was killed')
  if (existsSync(late)) {
    const indexes = readFileSync(late, 'utf8').trim().split('\n').map(Number)
    throw new Error(`not done within ${scriptLimit} seconds in ${shell.name}:\n${indexes.map((index) => all[index]?.text).join('\n')}`)
  }
  return all.map((_, index) => {
    const record = join(records, String(index))
    return existsSync(record) ? readRuns(readFileSync(record, 'utf8')) : []
  })
}

function readRuns(text: string): Run[] {
  const fields = text.split('\0')
  const runs: Run[] = []
  for (let i = 0; i < fields.length - 1;) {
    const count = Number(fields[i]) + 1
    const argv = fields.slice(i + 1, i + 1 + count)
    i += 1 + count
    const variables = new Map<string, string>()
    for (; fields[i] !== '' && i < fields.length; i++) {
      const at = fields[i]?.indexOf('=') ?? 0
      variables.set(fields[i]?.slice(0, at) ?? '', fields[i]?.slice(at + 1) ?? '')
    }
    i++
    runs.push({ argv, variables })
  }
  return runs
}

function markOf(command: Command): string | undefined {
  const mark = /^([kse]\d+|here|there|trapped)$/
  return command.words.map((word) => word.value ?? '').find((value) => mark.test(value))
}

function read(script: Generated, dialect: Dialect, text = script.text): Script {
  const told = [...script.variables].filter(([name]) => !script.hidden.includes(name))
  return readScript(text, {
    dialect,
    environment: new Environment(told, !script.open),
    parameters: script.parameters.map((value) => literal(value)),
  })
}

/** What is wrong about a script's reading, given what it ran. */
function compare(found: Script, runs: readonly Run[]): string[] {
  const problems: string[] = []
  const ran = new Set<Command>()
  for (const run of runs) {
    const [, mark] = run.argv
    const listed = found.commands.filter((command) => command.words[0]?.value === null || command.words[0]?.value === run.argv[0])
    const exact = listed.filter((command) => markOf(command) === mark)
    const open = listed.filter((command) => command.words.some((word) => word.splits && word.prefix === ''))
    const marked = exact.length > 0 ? exact : open
    // What `eval` puts together, and what not every shell reads alike, is not listed.
    const unread = found.errors.length > 0 || found.commands.some((command) => command.words[0]?.value === 'eval')
    if (exact.length === 0 && unread) continue
    if (marked.length === 0) {
      problems.push(`ran, and was not listed: ${JSON.stringify(run.argv)}`)
      continue
    }
    const fitting = marked.filter((command) => canBe(command.words, run.argv))
    if (fitting.length === 0 && !unread) {
      problems.push(`got ${JSON.stringify(run.argv)}, listed as ${marked.map((command) => show(command.words)).join(' or ')}`)
    }
    for (const command of fitting) ran.add(command)
    const wrong = names.filter((name) =>
      fitting.length > 0 && fitting.every((command) => {
        const value = command.environment.get(name)
        return value !== null && value !== run.variables.get(name)
      })
    )
    for (const name of wrong) {
      const told = fitting[0]?.environment.get(name)
      problems.push(`${mark} got ${name}=${JSON.stringify(run.variables.get(name))}, listed as ${JSON.stringify(told)}`)
    }
  }
  for (const command of found.commands) {
    const name = command.words[0]?.value
    if (command.runs !== 'surely' || ran.has(command)) continue
    if (name != null && (stubs as readonly string[]).includes(name)) problems.push(`did not run: ${show(command.words)}`)
    // What comes after a command that may fail, and may be the reason.
  }
  return problems
}

/** A reading in which only those commands surely run that nothing before, which may fail, can keep from it. */
function untilFailure(found: Script, text: string): Script {
  // What is unknown may be no number, or unset.
  const arithmetic = text.search(/\$\(\(|:\?|set -eu/)
  const mayFail = (command: Command): boolean => {
    if (arithmetic >= 0 && command.end > arithmetic) return true
    const [first, second] = command.words
    const name = first?.value
    if (name == null) return true
    if (name === 'exit') return second !== undefined && second.value !== '0'
    if (name === 'export' && command.words.some((word) => !/^-n$|^[A-Za-z_]\w*(=|$)/.test(word.prefix))) return true
    return !/^(gunicorn|migrate|celery|quiet|true|:|export|set|printf|exec|umask|wait)$/.test(name)
  }
  const at = found.commands.findIndex(mayFail)
  const until = at < 0 ? Infinity : at
  const unsure = (command: Command, index: number): boolean => index > until || (arithmetic >= 0 && command.end > arithmetic)
  return { ...found, commands: found.commands.map((command, index) => (unsure(command, index) ? asMaybe(command) : command)) }
}

function asMaybe(command: Command): Command {
  return {
    words: command.words,
    assignments: command.assignments,
    environment: command.environment,
    start: command.start,
    end: command.end,
    insertAt: command.insertAt,
    runs: 'maybe',
    exec: command.exec,
    background: command.background,
    piped: command.piped,
    embedded: command.embedded,
    last: command.last,
    ends: command.ends,
    bare: command.bare,
  }
}

describe.each([['dash'], ['bash'], ['busybox', 'sh']])('%s', (name, ...rest) => {
  realTest(`${name} reads what quote writes as it was`, missing(name), () => {
    const random = new Random(seed)
    const characters = [...'ab =$\'"`\\!~#*?[]{}()<>|&;\n\t:-,é']
    const value = (): string => Array.from({ length: random.below(8) }, () => random.pick(characters)).join('')
    const values = Array.from({ length: 500 }, value)
    const script = values.map((text) => `printf '%s\\0' ${quote(text)} ${quoteWith([text, { variable: 'A' }], text === '')}`)
    const { stdout } = spawnSync(findProgram(name) ?? '', [...rest, '-c', script.join('\n')], {
      encoding: 'utf8',
      env: { A: 'x' },
      cwd: work,
    })
    expect(stdout.split('\0').slice(0, -1)).toEqual(values.flatMap((text) => [text, `${text}x`]))
  })
})

const generated = Array.from({ length: scripts }, (_, index) => generate(seed + index))

describe.each(shells)('$name', (shell) => {
  const mine = generated.map((script, index) => (shell.share === undefined || index % 2 === shell.share ? script : undefined))

  const [program = ''] = shell.command

  realTest(`${shell.name} runs what readScript says, and nothing else`, missing(program), () => {
    const runs = runAll(shell, mine)
    const failures: string[] = []
    let words = 0
    let known = 0
    let listed = 0
    let sure = 0
    mine.forEach((script, index) => {
      if (script === undefined) return
      const found = read(script, shell.dialect)
      for (const command of found.commands) {
        listed++
        if (command.runs === 'surely') sure++
        words += command.words.length
        known += command.words.filter((word) => word.value !== null).length
      }
      const problems = compare(untilFailure(found, script.text), runs[index] ?? [])
      if (problems.length > 0) failures.push(describeFailure(seed + index, script, problems))
    })
    const share = ((100 * known) / words).toFixed(1)
    const count = mine.filter((script) => script !== undefined).length
    console.log(`${shell.name}: ${count} scripts, ${runs.flat().length} runs of programs; ${listed} commands listed, ` +
      `${sure} of them surely run; ${share} % of ${words} words known`)
    expect(failures.slice(0, 20).join('\n') + (failures.length > 20 ? `\n… ${failures.length} in all` : '')).toBe('')
    expect(known / words).toBeGreaterThan(0.7)
  })

  realTest(`${shell.name} takes words that are put in at insertAt for the last ones of their command`, missing(program), () => {
    const edited = mine.map((script, index): Generated | undefined => {
      // What `eval` puts together is not listed, and `$$` is another number every time.
      if (script === undefined || index % 8 > 1 || /eval|\$\$/.test(script.text)) return undefined
      const found = read(script, shell.dialect)
      // From the end on, so that places stay right. Commands that share a place are given the words once.
      const places = [...new Set(found.commands.filter(isStub).map((command) => command.insertAt))].sort((a, b) => b - a)
      return { ...script, text: places.reduce((text, at) => `${text.slice(0, at)} INSERTED${text.slice(at)}`, script.text) }
    })
    const before = runAll(shell, mine.map((script, index) => (edited[index] === undefined ? undefined : script)))
    const after = runAll(shell, edited)
    const failures: string[] = []
    edited.forEach((script, index) => {
      if (script === undefined) return
      const expected = (before[index] ?? []).map((run) => [...run.argv, 'INSERTED'].join(' '))
      const actual = (after[index] ?? []).map((run) => run.argv.join(' '))
      if (expected.sort().join('\n') !== actual.sort().join('\n')) {
        failures.push(describeFailure(seed + index, script, [`expected ${expected.join(' | ')}`, `got ${actual.join(' | ')}`]))
      }
    })
    expect(failures.slice(0, 10).join('\n')).toBe('')
  })
})

function isStub(command: Command): boolean {
  return (stubs as readonly string[]).includes(command.words[0]?.value ?? '')
}

function describeFailure(seed: number, script: Generated, problems: readonly string[]): string {
  const variables = [...script.variables].map(([name, value]) => `${name}=${quote(value)}`).join(' ')
  const hidden = script.open ? `, open, hidden: ${script.hidden.join(' ')}` : ''
  const told = problems.map((problem) => `  ${problem}`).join('\n')
  return `--- seed ${seed} (${variables}${hidden}; ${JSON.stringify(script.parameters)})\n${script.text}\n${told}`
}
