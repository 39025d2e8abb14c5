/** Where what is fetched is kept: below PADDOCK_CACHE, and what is compiled by the Python that it is for. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { cacheFolder, installDistributions } from '../../scripts/gunicorn-release.ts'

const python = process.env['PYTHON'] || 'python3'
const standing = process.env['PADDOCK_CACHE']
let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cache-'))
  process.env['PADDOCK_CACHE'] = folder
})
afterAll(() => {
  if (standing === undefined) delete process.env['PADDOCK_CACHE']
  else process.env['PADDOCK_CACHE'] = standing
  rmSync(folder, { recursive: true, force: true })
})

test('releases are kept in the folder that is named', () => {
  expect(cacheFolder('gunicorn', '23.0.0')).toBe(join(folder, 'gunicorn', '23.0.0'))
})

test('distributions are kept for the Python that they were fetched by, in the folder that is named', async () => {
  const version = execFileSync(python, ['-c', 'import sys; print(sys.implementation.cache_tag)'], { encoding: 'utf8' }).trim()
  const kept = join(folder, 'distributions', version, 'gevent==1,packaging')
  mkdirSync(kept, { recursive: true })
  // What is there is not fetched: there is no such release.
  expect(await installDistributions(python, ['gevent==1', 'packaging'])).toBe(kept)
})
