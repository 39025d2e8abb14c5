/** Lock files as uv 0.9 and poetry 2 have written them (without hashes and addresses), and others by their specifications. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { lockKind, readLock, type LockKind } from '../../src/python/locks.ts'
import { expectLinear } from '../growth.ts'

const written = (name: string): string => readFileSync(join(import.meta.dirname, 'locks', name), 'utf8')

function told(kind: LockKind, text: string, ...names: string[]): Record<string, string> | undefined {
  const find = readLock(kind, text, kind)
  return find && Object.fromEntries(names.map((name) => {
    const { state, specifier } = find(name)
    return [name, `${state} ${specifier}`.trim()]
  }))
}

/** The project asks for gunicorn[tornado], on Windows for uvicorn, for gevent by an extra, and for eventlet by the group dev. */
const names = ['gunicorn', 'Tornado', 'packaging', 'gevent', 'eventlet', 'uvicorn', 'meinheld', 'h2', 'setuptools']

describe('a lock file', () => {
  test('of uv: what the project itself asks for is installed, and what is not in it is absent', () => {
    expect(told('uv.lock', written('uv.lock'), ...names)).toEqual({ gunicorn: 'Installed ==23.0.0', Tornado: 'Installed ==6.6.1',
      packaging: 'Installed ==26.4', gevent: 'Unknown', eventlet: 'Unknown', uvicorn: 'Unknown', meinheld: 'Absent', h2: 'Absent',
      setuptools: 'Unknown' })
  })

  test('of poetry', () => {
    expect(told('poetry.lock', written('poetry.lock'), ...names)).toEqual({ gunicorn: 'Installed ==23.0.0', Tornado: 'Installed ==6.6.1',
      packaging: 'Installed ==26.4', gevent: 'Unknown', eventlet: 'Unknown', uvicorn: 'Unknown', meinheld: 'Absent', h2: 'Absent',
      setuptools: 'Unknown' })
  })

  test('pylock.toml, which lists what is installed', () => {
    expect(told('pylock.toml', written('pylock.toml'), ...names)).toEqual({ gunicorn: 'Installed ==23.0.0', Tornado: 'Installed ==6.6.1',
      packaging: 'Installed ==26.4', gevent: 'Absent', eventlet: 'Installed ==0.40.3', uvicorn: 'Unknown', meinheld: 'Absent', h2: 'Absent',
      setuptools: 'Unknown' })
  })

  test('of pdm, and of pipenv', () => {
    const pdm = '[metadata]\ngroups = ["default", "dev"]\nlock_version = "4.5.0"\n\n' +
      ['name = "gunicorn"\nversion = "23.0.0"\ngroups = ["default"]\ndependencies = [\n    "packaging",\n]\n',
        'name = "gevent"\nversion = "24.11.1"\ngroups = ["dev"]\n', 'name = "tornado"\nversion = "6"\ngroups = ["default"]\nmarker = "x"\n']
        .map((text) => `[[package]]\n${text}`).join('\n')
    expect(told('pdm.lock', pdm, 'gunicorn', 'gevent', 'tornado', 'h2')).toEqual({ gunicorn: 'Installed ==23.0.0', gevent: 'Unknown',
      tornado: 'Unknown', h2: 'Absent' })
    const pipfile = { _meta: { 'pipfile-spec': 6 },
      default: { gunicorn: { version: '==23.0.0', hashes: [] }, uvicorn: { version: '*' },
        tornado: { version: '==6.4', markers: "sys_platform == 'win32'" } }, develop: { gevent: { version: '==24.11.1' } } }
    expect(told('Pipfile.lock', JSON.stringify(pipfile), 'gunicorn', 'uvicorn', 'tornado', 'gevent', 'h2')).toEqual({
      gunicorn: 'Installed ==23.0.0',
      uvicorn: 'Unknown',
      tornado: 'Unknown',
      gevent: 'Unknown',
      h2: 'Absent',
    })
  })

  test('of a workspace, whose members may be installed or not', () => {
    const text = 'version = 1\n\n[manifest]\nmembers = ["a", "b"]\n\n' +
      ['a', 'b'].map((name) =>
        `[[package]]\nname = "${name}"\nsource = { editable = "${name}" }\ndependencies = [\n    { name = "gevent" },\n]\n\n`
      ).join('') +
      '[[package]]\nname = "gevent"\nversion = "24.11.1"\n'
    expect(told('uv.lock', text, 'gevent', 'tornado')).toEqual({ gevent: 'Unknown', tornado: 'Absent' })
  })

  test('what is none tells nothing', () => {
    for (const text of ['', 'x', '{', '[]', 'null', '<<<<<<< HEAD\nversion = 1\n', '{"default": 1}'])
      for (const kind of ['uv.lock', 'poetry.lock', 'pdm.lock', 'Pipfile.lock', 'pylock.toml'] as const)
        expect([kind, text, readLock(kind, text, kind)]).toEqual([kind, text, undefined])
  })

  test('by its name', () => {
    expect(['a/uv.lock', 'pylock.dev.toml', 'Pipfile', 'requirements.txt', 'poetry.lock'].map(lockKind)).toEqual(['uv.lock', 'pylock.toml',
      undefined, undefined, 'poetry.lock'])
  })

  test('of any size in linear time', async () => {
    const text = (count: number): string =>
      `version = 1\n[[package]]\nname = "shop"\nsource = { virtual = "." }\ndependencies = [\n${
        Array.from({ length: count }, (_, index) => `    { name = "p${index}" },\n`).join('')
      }]\n${
        Array.from({ length: count }, (_, index) =>
          `[[package]]\nname = "p${index}"\nversion = "1"\ndependencies = [\n    { name = "p${index + 1}" },\n]\n`).join('')
      }`
    await expectLinear(text, (lock) => readLock('uv.lock', lock, 'uv.lock')?.('p5'), 1_000)
  })
})
