import { describe, expect, test } from '@jest/globals'
import { startedBy } from '../../src/gunicorn/invocation.ts'
import { wrappers } from '../../src/gunicorn/wrappers.ts'
import { literal, type Word } from '../../src/shell/word.ts'

/** A line's words; in `${x}…` what stands in braces is not known. */
const wordsOf = (line: string): Word[] =>
  line.split(' ').map((text) => (text.includes('${') ? { value: null, prefix: text.slice(0, text.indexOf('${')), splits: false, text, start: 0, end: text.length } : literal(text)))

/** What a line starts, and the words from there on. */
const started = (line: string): string => {
  const words = wordsOf(line)
  const found = startedBy(words)
  if (found.kind === 'unknown') return 'unknown'
  const assigned = found.assigned.map(([name, value]) => `${name}=${value} `).join('')
  return `${found.kind}: ${assigned}${words.slice(found.index).map((word) => word.text).join(' ')}`
}

describe('gunicorn itself', () => {
  test.each([
    ['gunicorn app', 'gunicorn: gunicorn app'],
    ['/usr/local/bin/gunicorn app', 'gunicorn: /usr/local/bin/gunicorn app'],
    ['./venv/bin/gunicorn app', 'gunicorn: ./venv/bin/gunicorn app'],
    ['${VENV}/bin/gunicorn app', 'gunicorn: ${VENV}/bin/gunicorn app'],
    ['python -m gunicorn app', 'gunicorn: gunicorn app'],
    ['python3 -u -m gunicorn app', 'gunicorn: gunicorn app'],
    ['python3.11 -um gunicorn app', 'gunicorn: gunicorn app'],
    ['/app/.venv/bin/python -W ignore -X dev -m gunicorn app', 'gunicorn: gunicorn app'],
    ['python -m gunicorn.app.wsgiapp app', 'gunicorn: gunicorn.app.wsgiapp app'],
    ['pypy3 -m gunicorn app', 'gunicorn: gunicorn app'],
  ])('%s', (line, expected) => {
    expect(started(line)).toBe(expected)
  })

  test.each([
    ['python run.py gunicorn', 'program: python run.py gunicorn'],
    ['python -m flask run', 'program: python -m flask run'],
    ['python -c gunicorn', 'program: python -c gunicorn'],
    ['gunicornc app', 'program: gunicornc app'],
    ['my-gunicorn app', 'program: my-gunicorn app'],
    ['echo gunicorn', 'program: echo gunicorn'],
    ['/gunicorn/start app', 'program: /gunicorn/start app'],
    ['sh -c gunicorn', 'program: sh -c gunicorn'],
    ['${START} gunicorn', 'unknown'],
    ['gunicorn${SUFFIX} app', 'unknown'],
  ])('not by %s', (line, expected) => {
    expect(started(line)).toBe(expected)
  })
})

describe('wrappers', () => {
  test.each([
    'env gunicorn app',
    'env -u HOME -- gunicorn app',
    'nice -n 5 gunicorn app',
    'stdbuf -oL gunicorn app',
    'timeout -k 5 60 gunicorn app',
    'timeout --signal=KILL 60 gunicorn app',
    'gosu app:app gunicorn app',
    'su-exec app gunicorn app',
    'setpriv --reuid app --clear-groups gunicorn app',
    'sudo -u app gunicorn app',
    'runuser -u app -- gunicorn app',
    'tini -- gunicorn app',
    '/usr/bin/tini -g -- gunicorn app',
    'dumb-init gunicorn app',
    'poetry run gunicorn app',
    'poetry run opentelemetry-instrument gunicorn app',
    'pipenv run gunicorn app',
    'uv run gunicorn app',
    'uv run --no-sync --frozen --extra web -- gunicorn app',
    'conda run -n web --no-capture-output gunicorn app',
    'hatch run gunicorn app',
    'opentelemetry-instrument --traces_exporter otlp gunicorn app',
    'ddtrace-run gunicorn app',
    'newrelic-admin run-program gunicorn app',
    'doppler run --project x --config prd -- gunicorn app',
    'chamber exec web -- gunicorn app',
    'op run --env-file=.env -- gunicorn app',
    'wait-for-it db:5432 --strict --timeout=60 -- gunicorn app',
    './wait-for.sh db:3306 -- gunicorn app',
    'dockerize -wait tcp://db:5432 -timeout 60s gunicorn app',
    'watchmedo auto-restart --recursive -- gunicorn app',
    'tini -- poetry run ddtrace-run gunicorn app',
  ])('%s', (line) => {
    expect(started(line)).toBe('gunicorn: gunicorn app')
  })

  test.each([
    ['env -i A=1 B= gunicorn app', 'gunicorn: A=1 B= gunicorn app'],
    ['env A=${X} gunicorn app', 'gunicorn: A=null gunicorn app'],
    ['sudo PORT=80 gunicorn app', 'gunicorn: PORT=80 gunicorn app'],
    ['env A=1 env A=2 gunicorn', 'gunicorn: A=1 A=2 gunicorn'],
    ['tini -- sh -c gunicorn', 'program: sh -c gunicorn'],
    ['poetry install gunicorn', 'program: poetry install gunicorn'],
    ['doppler run gunicorn', 'program: doppler run gunicorn'],
    ['env', 'program: env'],
  ])('%s', (line, expected) => {
    expect(started(line)).toBe(expected)
  })

  test('every wrapper starts what stands behind it', () => {
    for (const [name, { subcommand = [], words = 0, separator }] of Object.entries(wrappers)) {
      const between = Array.from({ length: words }, () => 'x')
      const line = [name, ...subcommand, ...between, ...(separator === 'required' ? ['--'] : []), 'gunicorn', 'app']
      expect([name, started(line.join(' '))]).toEqual([name, 'gunicorn: gunicorn app'])
    }
  })
})
