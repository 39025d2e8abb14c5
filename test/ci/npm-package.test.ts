/** The package for npm, as somebody meets it who has nothing else: packed, installed into an empty folder without a network, and run. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'

const root = dirname(dirname(import.meta.dirname))
const folder = mkdtempSync(join(tmpdir(), 'paddock-package-'))
const archive = join(folder, 'paddock.tgz')
const home = join(folder, 'home')

function run(program: string, words: readonly string[]): { status: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(program, words, { cwd: home, encoding: 'utf8' })
  return { status, out: stdout, err: stderr }
}

const pack = (to: string): void => {
  expect(run(process.execPath, [join(root, 'scripts/archive.ts'), '--npm', '--output', to])).toMatchObject({ status: 0, err: '' })
}

beforeAll(() => {
  mkdirSync(home)
  pack(archive)
  expect(run('npm', ['install', '--offline', '--no-audit', '--no-fund', archive])).toMatchObject({ status: 0 })
})
afterAll(() => rmSync(folder, { recursive: true }))

test('it brings itself and nothing else', () => {
  expect(readdirSync(join(home, 'node_modules')).filter((name) => !name.startsWith('.'))).toHaveLength(1)
  const [scope = ''] = readdirSync(join(home, 'node_modules')).filter((name) => name.startsWith('@'))
  const own = join(home, 'node_modules', scope, 'paddock')
  const { scripts, dependencies, version } = JSON.parse(readFileSync(join(own, 'package.json'), 'utf8')) as Record<string, unknown>
  expect([scripts, dependencies]).toEqual([undefined, undefined])
  expect(readdirSync(own)).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'dist', 'package.json']))
  expect(readFileSync(join(own, 'dist/THIRD-PARTY-NOTICES.txt'), 'utf8')).toContain('js-yaml')
  expect(run(join(home, 'node_modules/.bin/paddock'), ['--version'])).toMatchObject({ status: 0, out: `${String(version)}\n` })
})

test('what it checks, it finds and mends', () => {
  writeFileSync(join(home, 'Procfile'), 'web: gunicorn shop.wsgi -k nope\n')
  writeFileSync(join(home, 'pod.yaml'),
    'apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n  - name: web\n    command: [gunicorn, "shop.wsgi", -b, ":$PORT"]\n')
  const checked = run(join(home, 'node_modules/.bin/paddock'), ['check', 'Procfile', 'pod.yaml'])
  expect(checked.status).toBe(1)
  expect(checked.out).toContain('[unknown-worker-class]')
  expect(checked.out).toContain('[literal-port]')
  expect(run(join(home, 'node_modules/.bin/kubectl-paddock'), ['check', '--fix', 'pod.yaml']).status).toBe(0)
  expect(readFileSync(join(home, 'pod.yaml'), 'utf8')).toContain(':$(PORT)')
  expect(run(join(home, 'node_modules/.bin/paddock'), ['explain', '--', 'gunicorn', 'a:b', '-w', '3']).out).toContain('workers')
})

test('half a bundle is not packed', () => {
  expect(run(process.execPath, [join(root, 'scripts/archive.ts'), '--npm', '--dist', folder, '--output', join(folder, 'half.tgz')]))
    .toMatchObject({ status: 1, err: expect.stringContaining('no whole bundle') })
})

test('it names the repository that it is built in, which provenance is held against', () => {
  const named = join(folder, 'named.tgz')
  const { status } = spawnSync(process.execPath, [join(root, 'scripts/archive.ts'), '--npm', '--output', named], { encoding: 'utf8',
    env: { ...process.env, GITHUB_SERVER_URL: 'https://git.example.com', GITHUB_REPOSITORY: 'shop/paddock' } })
  expect(status).toBe(0)
  expect(spawnSync('tar', ['-xzOf', named, 'package/package.json'], { encoding: 'utf8' }).stdout)
    .toContain('git+https://git.example.com/shop/paddock.git')
})

test('the same sources make the same bytes', () => {
  const again = join(folder, 'again.tgz')
  pack(again)
  expect(readFileSync(again).equals(readFileSync(archive))).toBe(true)
})
