/** What projects ask for: each file is one that setuptools or PEP 621 takes. */
import { expect, test } from '@jest/globals'
import { pythonOfFile } from '../../src/dependencies/annotation.ts'

const state = (path: string, text: string, ...names: string[]): string[] =>
  names.map((name) => {
    const { state: found, specifier, evidence } = pythonOfFile(text, path, undefined).installed(name)
    return `${found} ${specifier} ${evidence}`.trim()
  })

const project = `[build-system]
requires = ["setuptools>=75"]

[project]
name = "shop"
dependencies = [
  "gunicorn[gthread]==23.0.0",  # the server
  'gevent>=24; python_version >= "3.9"',
]

[project.optional-dependencies]
async = ["tornado", "eventlet==0.36"]

[dependency-groups]
dev = ["pytest", {include-group = "lint"}]
`

test('pyproject.toml', () => {
  expect(state('pyproject.toml', project, 'gunicorn', 'tornado', 'h2')).toEqual([
    'Installed ==23.0.0 pyproject.toml',
    'Unknown  pyproject.toml, where an extra or a group decides,',
    'Absent  pyproject.toml',
  ])
  expect(state('a/pyproject.toml', '[project]\ndependencies = ["flask", "gevent"]\n', 'gevent', 'tornado')).toEqual([
    'Installed  a/pyproject.toml',
    'Absent  a/pyproject.toml',
  ])
})

test.each([
  ['dynamic', '[project]\nname = "a"\ndynamic = ["dependencies"]\n'],
  ['none at all', '[project]\nname = "a"\n'],
  ['of another tool', '[tool.poetry.dependencies]\ngevent = "^24"\n'],
  ['a text of several lines', '[project]\ndependencies = ["""gevent\n"""]\n'],
  ['a list without an end', '[project]\ndependencies = ["gevent",\n'],
])('pyproject.toml that does not tell: %s', (_, text) => {
  expect(state('pyproject.toml', text, 'gevent')).toEqual(['Unknown'])
})

test('setup.cfg', () => {
  const text = '[metadata]\nname = shop\n\n[options]\ninstall_requires =\n    gunicorn==23.0.0\n    # a note\n    gevent>=24\n\n' +
    '[options.extras_require]\nasync = tornado; eventlet\n'
  expect(state('setup.cfg', text, 'gunicorn', 'gevent', 'eventlet', 'h2')).toEqual([
    'Installed ==23.0.0 setup.cfg',
    'Installed >=24 setup.cfg',
    'Unknown  setup.cfg, where an extra or a group decides,',
    'Absent  setup.cfg',
  ])
  expect(state('setup.cfg', '[options]\ninstall_requires = file: requirements.txt\n', 'gevent')).toEqual(['Unknown'])
  expect(state('setup.cfg', '[flake8]\nmax-line-length = 100\n', 'gevent')).toEqual(['Unknown'])
})
