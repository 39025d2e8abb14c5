import { describe, expect, test } from '@jest/globals'
import { releasesFor } from '../../src/gunicorn/catalogue.ts'
import type { Value } from '../../src/gunicorn/catalogue/release-file.ts'
import { read, type Reading } from '../../src/gunicorn/settings.ts'
import { literal } from '../../src/shell/word.ts'

const reading = (line: string, env: Readonly<Record<string, string | null>> = {}, release = '23.0.0'): Reading => {
  const words = line === '' ? []
    : line.split(' ').map((text) => (text === '?' ? { ...literal(''), value: null, splits: true, text } : literal(text)))
  const [found] = read(words, (name) => (Object.hasOwn(env, name) ? env[name] : undefined), releasesFor(release))
  if (!found) throw new Error('one release reads it in one way')
  return found
}

describe('precedence', () => {
  test.each<[string, Record<string, string | null>, string, Value | undefined, string]>([
    ['app', {}, 'bind', ['127.0.0.1:8000'], 'default'],
    ['app', { PORT: '80' }, 'bind', ['0.0.0.0:80'], 'environment'],
    ['app', { PORT: null }, 'bind', undefined, 'environment'],
    ['app', { PORT: '80', GUNICORN_CMD_ARGS: '-b :1 -b :2' }, 'bind', [':1', ':2'], 'GUNICORN_CMD_ARGS'],
    ['-b :3 app', { GUNICORN_CMD_ARGS: '-b :1' }, 'bind', [':3'], 'command line'],
    ['-b :3 app -b :4', {}, 'bind', [':3', ':4'], 'command line'],
    ['app', { WEB_CONCURRENCY: ' 3 ' }, 'workers', 3, 'environment'],
    ['-w 2 app', { WEB_CONCURRENCY: '3' }, 'workers', 2, 'command line'],
    ['-w 2 -w 5 app', {}, 'workers', 5, 'command line'],
    ['-c c.py app', {}, 'workers', undefined, 'config file'],
    ['-c c.py -w 2 app', {}, 'workers', 2, 'command line'],
    ['-c c.py app', { WEB_CONCURRENCY: '3' }, 'workers', undefined, 'config file'],
    ['-c /dev/null app', { WEB_CONCURRENCY: '3' }, 'workers', 3, 'environment'],
    ['app', { GUNICORN_CMD_ARGS: '-c c.py -w 2' }, 'workers', 2, 'GUNICORN_CMD_ARGS'],
    ['app', { GUNICORN_CMD_ARGS: '-c c.py' }, 'timeout', undefined, 'config file'],
    ['app', { GUNICORN_CMD_ARGS: null }, 'timeout', undefined, 'GUNICORN_CMD_ARGS'],
    ['-t 60 app', { GUNICORN_CMD_ARGS: null }, 'timeout', 60, 'command line'],
    ['-t 60 ? app', {}, 'timeout', undefined, 'command line'],
    ['? app -t 60', {}, 'timeout', 60, 'command line'],
    ['app', { FORWARDED_ALLOW_IPS: '10.0.0.1,10.0.0.2' }, 'forwarded_allow_ips', ['10.0.0.1', '10.0.0.2'], 'environment'],
    ['--preload app', {}, 'preload_app', true, 'command line'],
    ['-k  app', {}, 'worker_class', '', 'command line'],
    ['-m 022 app', {}, 'umask', 18, 'command line'],
  ])('%s with %j: %s', (line, env, name, value, source) => {
    expect(reading(line, env).get(name)).toMatchObject({ source, value })
  })

  test('a setting that the release does not have', () => {
    expect(reading('app', {}, '23.0.0').get('control_socket')).toBeUndefined()
    expect(reading('app', {}, '25.3.0').get('control_socket')).toMatchObject({ source: 'default' })
  })
})

describe('why gunicorn refuses to start', () => {
  test.each<[string, Record<string, string | null>, string[]]>([
    ['app', {}, []],
    ['', {}, ['missing-application: No application module specified.']],
    ['-w 2', { GUNICORN_CMD_ARGS: 'app' }, ['missing-application: No application module specified.']],
    ['-w x app', {}, ["invalid-setting: argument -w/--workers: invalid int value: 'x'"]],
    ['-w -1 app', {}, ['invalid-setting: Value must be positive: -1']],
    ['--port=1 app', {}, ['unknown-setting: unrecognized arguments: --port=1']],
    ['-w 4 app', { WEB_CONCURRENCY: '2.5' }, ["invalid-setting: invalid literal for int() with base 10: '2.5'"]],
    ['app', { WEB_CONCURRENCY: '-1' }, ['invalid-setting: Value must be positive: -1']],
    ['app', { WEB_CONCURRENCY: null }, []],
    ['app', { PORT: '' }, ["invalid-setting: '' is not a valid port number."]],
    ['-b :80 app', { PORT: '' }, []],
    ['-b ::1 app', {}, ["invalid-setting: '' is not a valid port number."]],
    ['-e A app', {}, ["invalid-setting: environment setting 'A' invalid"]],
    ['-e A=b app', {}, []],
    ['app', { GUNICORN_CMD_ARGS: "'" }, ['invalid-setting: No closing quotation']],
    ['app', { GUNICORN_CMD_ARGS: '-w $N' }, ["invalid-setting: argument -w/--workers: invalid int value: '$N'"]],
    ['--version', { GUNICORN_CMD_ARGS: '-w x' }, []],
    ['-c c.py', {}, []],
  ])('%j with %j', (line, env, problems) => {
    expect(reading(line, env).problems.map(({ fault, message }) => `${fault}: ${message}`)).toEqual(problems)
  })
})

describe('releases that read a line in different ways', () => {
  test('are told apart, and name themselves', () => {
    const readings = read([literal('--no-control-socket'), literal('app')], () => undefined, releasesFor(undefined))
    expect(readings.map(({ releases, problems }) => [releases[0]?.name, releases.at(-1)?.name, problems.length])).toEqual([
      ['19.10.0', '25.0.3', 1],
      ['25.1.0', releasesFor('99')[0]?.name, 0],
    ])
  })

  test('are one where they agree', () => {
    expect(read([literal('-w'), literal('4'), literal('app')], () => undefined, releasesFor(undefined)).length).toBe(1)
  })
})
