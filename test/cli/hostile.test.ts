/**
 * What nobody writes: each ends soon, in little memory, with an answer or a clear message. Measured is what the process says of
 * itself: its processor time, against that of a start alone on the same machine, and its largest resident set.
 */
import { beforeAll, describe, expect, test } from '@jest/globals'
import { spawnSync } from 'node:child_process'
import { program } from '../program.ts'

/** So many times the processor time of a start alone, and so many MiB of memory, may a run take. */
const longest = 6
const largest = 300

const many = (text: string, count: number): string => text.repeat(count)

const container = (fields: object): string =>
  JSON.stringify({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'shop' },
    spec: { template: { spec: { containers: [{ name: 'web', image: 'shop:1', ...fields }] } } },
  })
const script = (text: string): string => container({ command: ['sh', '-c', text] })
const review = (object: string): string =>
  `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"1","operation":"CREATE",` +
  `"kind":{"group":"apps","version":"v1","kind":"Deployment"},"resource":{"group":"apps","version":"v1","resource":"deployments"},"object":${object}}}`

interface Ran {
  readonly status: number | null
  readonly said: string
  /** In seconds and MiB. */
  readonly time: number
  readonly memory: number
}

// Written where neither the report nor a message is. What Linux says of a process' usage of memory goes back to before it ran this
// program, when it was a copy of the test's own; the mark of its address space does not.
const measure = `process.on('exit', () => {
  const { readFileSync, writeSync } = require('node:fs')
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage()
  const kilobytes = process.platform === 'linux' ? Number(/^VmHWM:\\s+(\\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'))[1]) : maxRSS
  writeSync(3, JSON.stringify({ time: (userCPUTime + systemCPUTime) / 1e6, memory: kilobytes / 1024 }))
})`
const preload = `data:text/javascript,${
  encodeURIComponent(`import { createRequire } from 'node:module'; const require = createRequire('/'); ${measure}`)
}`

function run(words: readonly string[], input: string): Ran {
  const { status, stdout, stderr, output } = spawnSync(process.execPath, ['--import', preload, program(), ...words], {
    input,
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    maxBuffer: 1 << 28,
    timeout: 60_000,
  })
  const measured = JSON.parse(output[3] ?? '{"time":60,"memory":0}') as Pick<Ran, 'time' | 'memory'>
  return { status, said: stdout + stderr, ...measured }
}

/** What a start takes, by the last one that was measured: a machine is not as busy at one time as at another. */
const start = (): number => run(['check', '-'], script('gunicorn shop.wsgi')).time
let started = 0
beforeAll(() => {
  started = start()
})

function expectSmall(words: readonly string[], input: string, status: readonly number[], says: RegExp): void {
  let ran = run(words, input)
  expect(status).toContain(ran.status)
  expect(ran.said).toMatch(says)
  expect(ran.memory).toBeLessThan(largest)
  // What the machine did meanwhile is not told from what the run took, but by another try.
  for (let tries = 1; tries < 3 && ran.time >= started * longest; tries++) {
    started = start()
    ran = run(words, input)
  }
  expect(ran.time / started).toBeLessThan(longest)
}

const tooLong = /must be small enough to be read to its end: words and variables are read to a length of 131071/

describe('scripts', () => {
  test.each<readonly [string, string, RegExp]>([
    ['nested parentheses', `${many('(', 10_000)}gunicorn shop.wsgi${many(')', 10_000)}`, /0 gunicorn commands/],
    ['nested substitutions', `gunicorn ${many('$(', 10_000)}a${many(')', 10_000)}`, /gunicorn commands?/],
    ['nested expansions', `gunicorn ${many('${a:-', 10_000)}b${many('}', 10_000)}`, /gunicorn commands?/],
    ['nested arithmetic', `gunicorn shop.wsgi -w $((${many('(', 10_000)}1${many(')', 10_000)}))`, /gunicorn commands?/],
    ['five MiB', `${many('echo line; X=1\n', 350_000)}gunicorn shop.wsgi`, tooLong],
    ['five MiB of gunicorns', many('gunicorn shop.wsgi -w 2\n', 220_000), tooLong],
    ['a line of a million words', `gunicorn shop.wsgi ${many('x ', 1_000_000)}`, tooLong],
    ['a very long word', `gunicorn ${many('a', 5_000_000)}`, tooLong],
    ['as many gunicorns as fit', many('gunicorn a:b && ', 5_000) + 'a',
      /at most (200 gunicorns of a workload are looked at|40000 steps are taken)/],
    ['as many words as fit', `gunicorn shop.wsgi ${many('x ', 65_000)}`, /gunicorn commands?/],
    ['as many options as fit', `gunicorn shop.wsgi ${many('-w 2 ', 3_000)}`, /1 gunicorn command/],
    ['functions that double',
      many('f() { g; g; }; ', 1) + Array.from({ length: 40 }, (_, i) => `f${i}() { f${i + 1}; f${i + 1}; }; `).join('') +
      'f40() { gunicorn a:b; }; f0', /gunicorn commands?/],
    ['loops in loops', `${many('for a in 1 2 3 4 5 6 7 8 9; do ', 12)}gunicorn a:b; ${many('done; ', 12)}`, /1 gunicorn command/],
    ['one function, called often', `f() { gunicorn a:b; }; ${many('f; ', 40_000)}`, /gunicorn commands?/],
    ['what a pattern may match', `X=${many('a', 100_000)}; gunicorn \${X%%*a*a*a*a*b}`, /1 gunicorn command/],
    ['blanks', `gunicorn shop.wsgi${many(' ', 130_000)}x`, /1 gunicorn command/],
    ['backslashes', `gunicorn ${many('\\', 100_001)}`, /gunicorn commands?/],
    ['values that double', `X=aaaaaaaaaa; ${many('X=$X$X; ', 60)}gunicorn $X`, /1 gunicorn command/],
  ])('%s', (_, text, says) => {
    expectSmall(['check', '--fail-on', 'never', '-'], script(text), [0, 2], says)
  })

  test('a review lets in what cannot be read', () => {
    expectSmall(['review'], review(script(`${many('(', 10_000)}gunicorn shop.wsgi${many(')', 10_000)}`)), [0], /"allowed": ?true/)
    expectSmall(['review'], review(script(`gunicorn shop.wsgi ${many('x ', 1_000_000)}`)), [0], /"allowed": ?true/)
  })

  test('an explanation says what cannot be read', () => {
    expectSmall(['explain', '--shell', many('(', 10_000)], '', [0, 1, 2], /unterminated|unexpected|nested/)
  })
})

describe('environments and lists', () => {
  test.each<readonly [string, object, RegExp]>([
    ['variables that double', {
      command: ['sh', '-c', 'gunicorn shop.wsgi $X99'],
      env: [{ name: 'X0', value: many('a', 1000) },
        ...Array.from({ length: 99 }, (_, i) => ({ name: `X${i + 1}`, value: `$(X${i})$(X${i})` }))],
    }, /\[unread-command\]/],
    ['a text that names a long variable often', {
      command: ['gunicorn', many('$(X)', 100_000)],
      env: [{ name: 'X', value: many('a', 100_000) }],
    }, /gunicorn commands?/],
    ['GUNICORN_CMD_ARGS of a million characters', {
      command: ['gunicorn', 'shop.wsgi'],
      env: [{ name: 'GUNICORN_CMD_ARGS', value: many('-w 2 ', 200_000) }],
    }, tooLong],
    ['GUNICORN_CMD_ARGS as long as it may be', {
      command: ['gunicorn', 'shop.wsgi'],
      env: [{ name: 'GUNICORN_CMD_ARGS', value: many('-w 2 ', 26_000) }],
    }, /at most 40000 steps are taken/],
    ['a list of a hundred thousand words', { command: ['gunicorn', 'shop.wsgi', ...Array.from({ length: 100_000 }, () => 'x')] },
      /at most 20000 words of a command are read/],
    ['expansions that do not end', { command: ['gunicorn', 'shop.wsgi', many('$(', 60_000)] }, /1 gunicorn command/],
  ])('%s', (_, fields, says) => {
    expectSmall(['check', '--fail-on', 'never', '-'], container(fields), [0, 2], says)
  })
})

describe('files', () => {
  const bomb = `a: &a [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n` +
    Array.from('bcdefghijkl', (name, index) => `${name}: &${name} [${many(`*${'abcdefghijk'[index] ?? ''}, `, 9)}]\n`).join('')
  test.each<readonly [string, string, RegExp]>([
    ['an alias bomb', `apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: shop}\n${bomb}spec: *l\n`,
      /aliases must not expand to more than/],
    ['deep JSON', `{"apiVersion":"apps/v1","kind":"Deployment","spec":${many('{"a":', 100_000)}1${many('}', 100_000)}}`,
      /nested deeper than 100 levels/],
    ['deep lists', many('[', 100_000), /nested deeper than 100 levels/],
    ['an open quote behind a million backslashes', `a: "${many('\\', 1_000_001)}"\n`, /unexpected end/],
    ['folded lines without an end',
      `apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: shop}\nspec:\n  template:\n    spec:\n      containers:\n` +
      `      - name: web\n        command: [sh, -c]\n        args:\n        - >-\n${many('          gunicorn shop.wsgi -w 2\n', 50_000)}`,
      tooLong],
  ])('%s', (_, text, says) => {
    expectSmall(['check', '--fail-on', 'never', '-'], text, [0, 2], says)
  })

  test('a review that is deep', () => {
    const deep = `{"apiVersion":"apps/v1","kind":"Deployment","spec":${many('{"a":', 100_000)}1${many('}', 100_000)}}`
    expectSmall(['review'], review(deep), [0, 1, 2], /allowed|nested|deep/)
  })
})
