/** What is generated is complete in one run, whatever is new. */
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from '@jest/globals'
import { presetNames } from '../../src/policy/presets.ts'

const root = join(import.meta.dirname, '../..')
const copy = mkdtempSync(join(tmpdir(), 'paddock-generate-'))
afterAll(() => rmSync(copy, { recursive: true, force: true }))

const run = (...words: string[]): ReturnType<typeof spawnSync> => spawnSync(process.execPath, words, { cwd: copy, encoding: 'utf8' })

test('a new rule is in everything after one run', () => {
  for (const name of ['src', 'scripts', 'charts', 'docs', 'deploy', 'test/rules', 'test/rule-fixture.ts', 'test/platforms', 'test/cli',
    'package.json', 'tsconfig.json']) cpSync(join(root, name), join(copy, name), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
  expect(run('scripts/new-rule.ts', 'slow-start').status).toBe(0)
  expect(run('scripts/new-rule.ts', 'missing-name').status).toBe(0)
  for (const name of presetNames) {
    const path = join(copy, `src/policy/presets/${name}.json`)
    writeFileSync(path, readFileSync(path, 'utf8').replace('"rules": {', '"rules": {\n      "slow-start": "Warn",'))
  }
  expect(run('scripts/generate.ts')).toMatchObject({ status: 0, stderr: '' })
  for (const id of ['slow-start', 'missing-name']) expect(existsSync(join(copy, `docs/rules/${id}.md`))).toBe(true)
  expect(run('scripts/generate.ts', '--check')).toMatchObject({ status: 0, stdout: '', stderr: '' })
})
