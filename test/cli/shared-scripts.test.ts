/** A script that several processes start: what one of them chose is not overridden for another's sake, and one run mends all of it. */
import { describe, expect, test } from '@jest/globals'
import { run, shortPolicy as policy } from './in-memory.ts'

async function fixed(files: Readonly<Record<string, string>>, ...argv: string[]) {
  const named = argv.length > 0 ? argv : ['Procfile']
  const first = await run(['check', ...named, '--policy', 'policy.yaml', '--fix'], { ...files, 'policy.yaml': policy })
  const again = await run(['check', ...named, '--policy', 'policy.yaml', '--fix'], first.files)
  expect(again.files).toEqual(first.files)
  return first
}

const script = 'exec gunicorn shop:app "$@"\n'

test.each([
  ['words', 'sh run.sh -w 8', 'exec gunicorn shop:app "$@" -b :$PORT\n', 'sets `workers` itself'],
  ['a variable', 'WEB_CONCURRENCY=8 sh run.sh', 'exec gunicorn shop:app "$@" -b :$PORT\n', 'sets `workers` itself'],
  ['GUNICORN_CMD_ARGS', 'GUNICORN_CMD_ARGS="-w 8" sh run.sh', 'exec gunicorn shop:app "$@" -b :$PORT\n', 'sets `workers` itself'],
  ['a config file', 'sh run.sh -c api.conf.py', script, 'sets `workers` itself'],
  ['a config file that is not there', 'sh run.sh -c other.conf.py', script, 'may set `workers` itself'],
  ['words that are not known', 'sh run.sh $WORDS', script, 'names this script as well, in a way that cannot be followed'],
  ['a folder of its own', 'cd api && sh ../run.sh -w 8', script, 'names this script as well, in a way that cannot be followed'],
])('what a process chose by %s is left to it', async (_, api, after, reason) => {
  const files = { Procfile: `web: sh run.sh\napi: ${api}\n`, 'run.sh': script, 'api.conf.py': 'workers = 9\nbind = ":9000"\n' }
  const { files: left, out } = await fixed(files)
  expect(left['run.sh']).toBe(after)
  expect(left['Procfile']).toBe(files.Procfile)
  expect(out).toContain(
    `warn: web: Required value: \`workers\` must be set, and is not mended, as process "api" ${
      reason.startsWith('names') ? '' : 'starts this script as well, and '
    }${reason} [missing-workers]`,
  )
})

test('the order of the processes is no matter', async () => {
  const { files } = await fixed({ Procfile: 'api: sh run.sh -w 8\nweb: sh run.sh -b :$PORT\n', 'run.sh': script })
  expect(files['run.sh']).toBe(script)
})

test.each(['GUNICORN_CMD_ARGS="-w 4" sh run.sh', 'sh run.sh -w 4'])('the remedy helps: %s', async (web) => {
  const { out } = await fixed({ Procfile: `web: ${web}\napi: sh run.sh -w 8\n`, 'run.sh': script })
  expect(out).toBe('1 file, 2 workloads, 2 gunicorn commands: 2 fixed\n')
})

test('a value that is wrong for one of them alone is left in place', async () => {
  const { files, out } = await fixed({ Procfile: 'web: sh run.sh :8000\napi: sh run.sh 8000\n',
    'run.sh': 'exec gunicorn shop:app -b "$1"\n' })
  expect(files['run.sh']).toBe('exec gunicorn shop:app -b "$1" -w 4\n')
  expect(out).toContain('[bare-port]')
  expect(out).toContain('Let process "api" start a script of its own.')
})

test.each([
  ['if', 'if [ "$1" = web ]; then exec gunicorn shop:app; elif [ "$1" = admin ]; then exec gunicorn admin:app; fi\n'],
  ['case', 'case "$1" in\n  web) exec gunicorn shop:app ;;\n  admin) exec gunicorn admin:app ;;\nesac\n'],
])('one run mends the branches of all: %s', async (_, text) => {
  const { files, out } = await fixed({ Procfile: 'web: bash run.sh web\nadmin: bash run.sh admin\n', 'run.sh': text })
  expect(files['run.sh']).toBe(text.replace('shop:app', 'shop:app -w 4 -b :$PORT').replace('admin:app', 'admin:app -w 4 -b :$PORT'))
  expect(out).toBe('1 file, 2 workloads, 2 gunicorn commands: 4 fixed\n')
})

test('a branch that one of them takes alone is mended for it alone', async () => {
  const text = 'if [ "$1" = web ]; then exec gunicorn shop:app; fi\nexec gunicorn api:app "$@"\n'
  const { files } = await fixed({ Procfile: 'web: bash run.sh web\napi: bash run.sh -w 8 -b :$PORT\n', 'run.sh': text })
  expect(files['run.sh']).toBe(text.replace('shop:app', 'shop:app -w 4 -b :$PORT'))
})

test('a script that another script starts is shared as well', async () => {
  const { files } = await fixed({ Procfile: 'web: sh run.sh\napi: sh api.sh\n', 'api.sh': 'exec sh run.sh -w 8\n', 'run.sh': script })
  expect(files['run.sh']).toBe('exec gunicorn shop:app "$@" -b :$PORT\n')
})

describe('processes of app_desc.yaml and of the Procfile beside it', () => {
  const files = {
    Procfile: 'web: sh run.sh\n',
    'run.sh': script,
    'app_desc.yaml': 'spec_version: 2\nmodule:\n  language: Python\n  processes:\n    api: {command: sh run.sh -w 8}\n',
  }

  test.each([['Procfile'], ['app_desc.yaml'], ['Procfile', 'app_desc.yaml'], ['app_desc.yaml', 'Procfile']])(
    'both are reckoned with: %s %s',
    async (...named) => {
      const { files: left, err } = await fixed(files, ...named)
      expect(left['run.sh']).not.toContain(' -w ')
      expect(err).toBe('')
    },
  )
})

test('modules have scripts of their own', async () => {
  const module = (name: string, words: string): string =>
    `  ${name}: {language: Python, source_dir: ${name}, is_default: ${name === 'one'}, processes: {web: {command: "sh run.sh${words}"}}}\n`
  const { files } = await fixed({ 'app_desc.yaml': `spec_version: 2\nmodules:\n${module('one', '')}${module('two', ' -w 8')}`,
    'one/run.sh': script, 'two/run.sh': script }, 'app_desc.yaml')
  expect([files['one/run.sh'], files['two/run.sh']]).toEqual(['exec gunicorn shop:app "$@" -w 4 -b :$PORT\n',
    'exec gunicorn shop:app "$@" -b :$PORT\n'])
})
