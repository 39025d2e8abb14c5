/** What `npm install` ends with, where the Node that Paddock is developed with cannot be had or does not start. */
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'

const root = dirname(dirname(import.meta.dirname))
const isLinux = process.platform === 'linux' && ['x64', 'arm64'].includes(process.arch)
const { version } = (JSON.parse(readFileSync(join(root, 'scripts/npm-packages.json'), 'utf8')) as Record<string, { version: string }>)[
  `node-linux-${process.arch}`
] ?? { version: '' }

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'prepare-'))
  mkdirSync(join(folder, 'scripts'))
  mkdirSync(join(folder, 'node_modules/.bin'), { recursive: true })
  for (const file of ['prepare.js', 'npm-package.js', 'npm-packages.json'])
    copyFileSync(join(root, 'scripts', file), join(folder, 'scripts', file))
  writeFileSync(join(folder, 'package.json'), '{"type": "module"}')
  writeFileSync(join(folder, 'scripts/build.ts'), 'const by: string = process.execPath\nconsole.log(`built by ${by}`)\n')
})
afterEach(() => rmSync(folder, { recursive: true }))

const link = (): string => join(folder, 'node_modules/.bin/node')

/** Runs it with a registry that nobody answers at. */
function prepare(): { readonly status: number | null; readonly stdout: string; readonly stderr: string } {
  const env = { PATH: `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`, HOME: folder, PADDOCK_CACHE: join(folder, 'cache'),
    npm_config_registry: 'http://127.0.0.1:9' }
  return spawnSync(process.execPath, [join(folder, 'scripts/prepare.js')], { env, encoding: 'utf8' })
}

/** A program where the Node that is fetched would be. */
function cached(text: string): string {
  const program = join(folder, `cache/npm/node-linux-${process.arch}-${version}/bin/node`)
  mkdirSync(dirname(program), { recursive: true })
  writeFileSync(program, text, { mode: 0o755 })
  return program
}

const onLinux = isLinux ? test : test.skip

test('without a network the bundle is built by the Node at hand', () => {
  const { status, stdout, stderr } = prepare()
  expect([status, stdout]).toEqual([0, `built by ${process.execPath}\n`])
  if (isLinux) expect(stderr).toMatch(/^going on with Node \d+\.\d+\.\d+, as there is none of those that Paddock is developed with: /)
  expect(existsSync(link())).toBe(false)
}, 60_000)

onLinux("a Node that does not start on this system stands in nobody's way", () => {
  cached('#!/nowhere/ld-linux.so\n')
  const { status, stdout, stderr } = prepare()
  expect([status, stdout]).toEqual([0, `built by ${process.execPath}\n`])
  expect(stderr).toMatch(/^going on with Node /)
  expect(lstatSync(link(), { throwIfNoEntry: false })).toBeUndefined()
}, 60_000)

onLinux("one that does is linked for npm's scripts, and builds", () => {
  const program = cached(`#!/bin/sh\necho "$*" | sed 's/.*scripts/ran scripts/'\n`)
  const { status, stdout } = prepare()
  expect([status, stdout]).toEqual([0, 'ran scripts/build.ts\n'])
  expect(readFileSync(link(), 'utf8')).toBe(readFileSync(program, 'utf8'))
}, 60_000)
