/**
 * Repositories as they are found, each with what is said of it (`golden/<name>.txt`): the report, what `--fix` makes of its
 * files, and what `explain` shows. `UPDATE=1` writes them anew.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { platformFile } from '../../src/cli/repository.ts'
import { run } from '../cli/in-memory.ts'

const folder = join(import.meta.dirname, 'repositories')
const golden = (name: string): string => join(import.meta.dirname, 'golden', `${name}.txt`)
const names = readdirSync(folder).sort()

function filesOf(name: string): Record<string, string> {
  const entries = readdirSync(join(folder, name), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  const paths = entries.map((entry) => join(entry.parentPath, entry.name)).sort()
  return Object.fromEntries(paths.map((path) => [relative(folder, path), readFileSync(path, 'utf8')]))
}

async function told(name: string): Promise<string> {
  const files = filesOf(name)
  const check = await run(['check', name], files)
  const diff = await run(['check', name, '--diff'], files)
  const read = Object.keys(files).filter((path) => platformFile(path) !== undefined)
  const explain = await run(['explain', ...read], files)
  return [`$ paddock check ${name}`, check.out + check.err, `exit status ${check.status}`, '', `$ paddock check ${name} --diff`,
    diff.out + diff.err.split('\n').filter((line) => line.includes('not fixed')).join('\n'), '', `$ paddock explain ${read.join(' ')}`,
    explain.out + explain.err].join('\n')
}

test.each(names)('%s', async (name) => {
  const got = await told(name)
  if (process.env['UPDATE'] === '1') writeFileSync(golden(name), got)
  expect(got).toBe(readFileSync(golden(name), 'utf8'))
})

test('every golden file is of a repository', () => {
  expect(readdirSync(join(import.meta.dirname, 'golden')).sort()).toEqual(names.map((name) => `${name}.txt`))
})

describe.each(['blueking', 'blueking-image', 'blueking-legacy-image', 'heroku', 'google', 'paketo', 'foreman', 'honcho', 'dokku',
  'herokuish', 'railpack', 'nixpacks', 'cnb-shim'])('on %s', (platform) => {
    test.each(names)('what is fixed stays as it is: %s', async (name) => {
      const fixed = await run(['check', name, '--platform', platform, '--fix'], filesOf(name))
      const again = await run(['check', name, '--platform', platform, '--fix'], fixed.files)
      expect(again.files).toEqual(fixed.files)
      if (!fixed.err.includes('not fixed')) expect(again.out).not.toMatch(/ fixed$/m)
    })

    test.each(names)('no line is touched that holds no command: %s', async (name) => {
      const before = filesOf(name)
      const { files } = await run(['check', name, '--platform', platform, '--fix'], before)
      for (const [path, text] of Object.entries(files)) {
        const old = new Set((before[path] ?? '').split('\n'))
        const changed = text.split('\n').filter((line) => !old.has(line))
        for (const line of changed) expect(line).toMatch(/gunicorn|--workers|-k gevent|--env|^ +-/)
        expect(text.split('\n').filter((line) => line.endsWith('\r')).length).toBe(
          (before[path] ?? '').split('\n').filter((line) => line.endsWith('\r')).length,
        )
      }
    })
  })
