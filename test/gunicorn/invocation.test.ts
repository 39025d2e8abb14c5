import { describe, expect, test } from '@jest/globals'
import { startedBy } from '../../src/gunicorn/invocation.ts'
import { wrappers } from '../../src/gunicorn/wrappers.ts'
import { literal, type Word } from '../../src/shell/word.ts'

/** A line's words; in `${x}…` what stands in braces is not known. */
const wordsOf = (line: string): Word[] =>
  line.split(' ').map((
    text,
  ) => (text.includes('${') ? { value: null, prefix: text.slice(0, text.indexOf('${')), splits: false, text, start: 0, end: text.length }
    : literal(text))
  )

/** What a line starts, and the words from there on. */
const started = (line: string): string => {
  const words = wordsOf(line)
  const found = startedBy(words)
  if (found.kind === 'unknown') return 'unknown'
  const changes = found.changes.map((
    one,
  ) => (one.change === 'sets' ? `${one.name}=${one.value} `
    : `(${[one.change, ...(one.change === 'resets' ? (one.names ?? []) : [])].join(' ')}) `)
  ).join('')
  const skipped = found.kind === 'string' ? found.offset : 0
  return `${found.kind}: ${changes}${words.slice(found.index).map((word) => word.text).join(' ').slice(skipped)}`
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
    'env -- gunicorn app',
    'nice -n 5 gunicorn app',
    'nice -5 gunicorn app',
    'nice -n5 gunicorn app',
    'stdbuf -oL -eL gunicorn app',
    'timeout -k 5 60 gunicorn app',
    'timeout --signal=KILL 60 gunicorn app',
    'chroot --userspec=app /srv gunicorn app',
    'ionice -c2 -n 7 gunicorn app',
    'flock -n /tmp/lock gunicorn app',
    'prlimit --nofile=65536 gunicorn app',
    'gosu app:app gunicorn app',
    'gosu ${USER} gunicorn app',
    'su-exec app gunicorn app',
    'setpriv --reuid app --clear-groups gunicorn app',
    'runuser -u app -- gunicorn app',
    'chpst -u app -v gunicorn app',
    'tini -- gunicorn app',
    'tini -vvp SIGTERM -- gunicorn app',
    '/usr/bin/tini -g -- gunicorn app',
    'dumb-init gunicorn app',
    'dumb-init --rewrite 15:3 -- gunicorn app',
    'poetry run gunicorn app',
    'poetry -C /srv/app run gunicorn app',
    'poetry run opentelemetry-instrument gunicorn app',
    'pipenv run gunicorn app',
    'pdm run -p /srv gunicorn app',
    'uv run gunicorn app',
    'uv run --no-sync --frozen --extra web -- gunicorn app',
    'uv run --with gevent --with=uvicorn gunicorn app',
    'uv --directory /srv run -p3.12 gunicorn app',
    'uv run -m gunicorn app',
    'uv run --module gunicorn app',
    'uv run python -m gunicorn app',
    'conda run -n web --no-capture-output gunicorn app',
    'micromamba run -n base gunicorn app',
    'hatch run gunicorn app',
    'hatch -e prod run gunicorn app',
    'opentelemetry-instrument --traces_exporter otlp gunicorn app',
    'ddtrace-run gunicorn app',
    'ddtrace-run -nc --profiling gunicorn app',
    'newrelic-admin run-program gunicorn app',
    'coverage run -m gunicorn app',
    'coverage run --source=shop -p -m gunicorn app',
    'python -m coverage run -m gunicorn app',
    'memray run -o out.bin -m gunicorn app',
    'debugpy --listen 0.0.0.0:5678 -m gunicorn app',
    'python -X frozen_modules=off -m debugpy --listen 0.0.0.0:5678 --wait-for-client -m gunicorn app',
    'python -m cProfile -o out.prof -m gunicorn app',
    'python -m poetry run gunicorn app',
    'berglas exec -- gunicorn app',
    'dockerize -wait tcp://db:5432 -timeout 60s gunicorn app',
    'dockerize --wait=tcp://db:5432 gunicorn app',
    'watchmedo auto-restart --recursive -- gunicorn app',
    'watchmedo auto-restart -d . -p *.py -- gunicorn app',
    'bin/start-pgbouncer bin/start-nginx gunicorn app',
    'tini -- poetry run ddtrace-run gunicorn app',
  ])('%s', (line) => {
    const changed = line.startsWith('berglas') ? '(resets) ' : ''
    expect(started(line)).toBe(`gunicorn: ${changed}gunicorn app`)
  })

  test.each([
    ['env -i A=1 B= gunicorn app', 'gunicorn: (clears) A=1 B= gunicorn app'],
    ['env - gunicorn app', 'gunicorn: (clears) gunicorn app'],
    ['env -u PORT -uHOME --unset=A gunicorn app', 'gunicorn: PORT=undefined HOME=undefined A=undefined gunicorn app'],
    ['env A=${X} gunicorn app', 'gunicorn: A=null gunicorn app'],
    ['env A=1 env A=2 gunicorn', 'gunicorn: A=1 A=2 gunicorn'],
    ['sudo -u app gunicorn app', 'gunicorn: (resets) gunicorn app'],
    ['sudo -E -u app gunicorn app', 'gunicorn: gunicorn app'],
    ['sudo -Eu app gunicorn app', 'gunicorn: gunicorn app'],
    ['sudo PORT=80 gunicorn app', 'gunicorn: PORT=80 (resets) gunicorn app'],
    ['setpriv --reset-env gunicorn app', 'gunicorn: (clears) gunicorn app'],
    ['pdm run --env PORT=80 gunicorn app', 'gunicorn: PORT=80 gunicorn app'],
    ['uv run --env-file .env gunicorn app', 'gunicorn: (loads) gunicorn app'],
    ['doppler run --project x --config prd -- gunicorn app', 'gunicorn: (loads) gunicorn app'],
    ['chamber exec web -- gunicorn app', 'gunicorn: (loads) gunicorn app'],
    ['op run --env-file=.env -- gunicorn app', 'gunicorn: (loads) gunicorn app'],
    ['dotenv run gunicorn app', 'gunicorn: (loads) gunicorn app'],
    // Their own variables are called so, and exported where the environment has them.
    ['wait-for-it db:5432 --strict --timeout=60 -- gunicorn app', 'gunicorn: (resets HOST PORT TIMEOUT QUIET) gunicorn app'],
    ['./wait-for.sh db:3306 -- gunicorn app', 'gunicorn: (resets HOST PORT TIMEOUT QUIET) gunicorn app'],
    ['vault-env gunicorn app', 'gunicorn: (resets) gunicorn app'],
    ['hatch run prod:gunicorn app', 'gunicorn: prod:gunicorn app'],
    ['coverage run /usr/bin/gunicorn app', 'gunicorn: /usr/bin/gunicorn app'],
    ['python /usr/bin/gunicorn app', 'gunicorn: /usr/bin/gunicorn app'],
    ['tini -- sh -c gunicorn', 'program: sh -c gunicorn'],
    ['env', 'program: env'],
  ])('%s', (line, expected) => {
    expect(started(line)).toBe(expected)
  })

  test.each([
    ['an option that is not known', 'nice --unheard-of gunicorn app', 'program: nice --unheard-of gunicorn app'],
    ['one that takes no value', 'tini -g=x gunicorn app', 'program: tini -g=x gunicorn app'],
    ['one that ends at once', 'uv run --help gunicorn', 'program: uv run --help gunicorn'],
    ['one that cannot be seen', 'nice ${OPTION} gunicorn app', 'unknown'],
    ['one that is cut off', 'nice -${OPTION} gunicorn app', 'unknown'],
    ['another subcommand', 'poetry install gunicorn', 'program: poetry install gunicorn'],
    ['a separator that is missing', 'doppler run gunicorn', 'program: doppler run gunicorn'],
    // runuser takes options wherever they stand: those of gunicorn for its own.
    ['no separator where options may stand anywhere', 'runuser -u app gunicorn -w 3 app', 'program: runuser -u app gunicorn -w 3 app'],
    ['no separator where options may stand behind it', 'tini gunicorn -w 3 app', 'program: tini gunicorn -w 3 app'],
    ['no separator where options may stand behind the command', 'watchmedo auto-restart gunicorn app -w 3',
      'program: watchmedo auto-restart gunicorn app -w 3'],
    ['a user where a command could be', 'su -- gunicorn', 'program: su -- gunicorn'],
    ['a wrapper that is not known', './docker-entrypoint.sh gunicorn app', 'program: ./docker-entrypoint.sh gunicorn app'],
    ['a module that is not known', 'python -m serve gunicorn', 'program: python -m serve gunicorn'],
    ['a script that is not gunicorn', 'coverage run manage.py gunicorn', 'program: coverage run manage.py gunicorn'],
  ])('not behind %s', (_, line, expected) => {
    expect(started(line)).toBe(expected)
  })

  test.each(['tini gunicorn app', 'tini -g gunicorn app', 'runuser -u app gunicorn app', 'watchmedo auto-restart gunicorn app'])(
    "an option would be the wrapper's: %s",
    (line) => {
      const found = startedBy(wordsOf(line))
      expect(found.kind === 'gunicorn' && found.passed.map(({ grabs }) => grabs)).toEqual([true])
      expect(started(`${line} -w 2`)).toBe(`program: ${line} -w 2`)
    },
  )

  test.each([
    ['su app -c gunicorn', 'string: gunicorn'],
    ['su -c gunicorn app', 'string: gunicorn app'],
    ['su -s /bin/sh app --command=gunicorn', 'string: gunicorn'],
    ['su - app -c gunicorn', 'string: (clears) gunicorn'],
    ['su -lc gunicorn app', 'string: (clears) gunicorn app'],
    ['runuser app -c gunicorn', 'string: gunicorn'],
    ['script -q -c gunicorn /dev/null', 'string: gunicorn /dev/null'],
    ['script -qcgunicorn /dev/null', 'string: gunicorn /dev/null'],
    ['litestream replicate -config x.yml -exec gunicorn', 'string: gunicorn'],
    ['litestream replicate -exec=gunicorn', 'string: gunicorn'],
    ['tini -- su app -c gunicorn', 'string: gunicorn'],
  ])('a command in a string: %s', (line, expected) => {
    expect(started(line)).toBe(expected)
  })

  test('every wrapper starts what stands behind it', () => {
    for (const [name, { steps, permutes }] of Object.entries(wrappers)) {
      if (permutes) continue
      const between = steps.flatMap((step) =>
        step.kind === 'subcommand' ? [step.names[0]]
          : step.kind === 'operand' ? ['x'] : step.kind === 'separator' ? ['x', '--'] : step.kind === 'ended' ? ['--'] : []
      )
      const line = [name, ...between, ...(wrappers[name]?.isPython ? ['/bin/gunicorn'] : ['gunicorn']), 'app']
      expect([name, started(line.join(' ')).replace(/\((loads|resets)[A-Z ]*\) /, '')]).toEqual([name, `gunicorn: ${line.at(-2)} app`])
    }
  })
})
