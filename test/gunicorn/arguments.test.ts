import { describe, expect, test } from '@jest/globals'
import { parseArguments } from '../../src/gunicorn/arguments.ts'
import { releasesFor, type Release } from '../../src/gunicorn/catalogue.ts'
import { literal, type Word } from '../../src/shell/word.ts'

const release = (name: string): Release => {
  const [found] = releasesFor(name)
  if (found?.name !== name) throw new Error(`the catalogue has no ${name}`)
  return found
}

/** Words of a line; `?` is one that may be anything, `--x=?` one whose value is not known. */
const wordsOf = (line: readonly string[]): Word[] =>
  line.map((
    text,
  ) => (text.endsWith('?') ? { value: null, prefix: text.slice(0, -1), splits: text === '?', text, start: 0, end: text.length }
    : literal(text))
  )

const parse = (line: readonly string[],
  name = '23.0.0'): { set: string[]; application: string[]; errors: string[]; exits: string | undefined } => {
  const { assignments, positionals, errors, exits } = parseArguments(wordsOf(line), release(name))
  return {
    set: assignments.map((
      assignment,
    ) => (assignment ? `${assignment.option.name}${assignment.argument ? `=${assignment.argument.text ?? '?'}` : ''}` : '?')),
    application: positionals.map((word) => word.value ?? '?'),
    errors: errors.map((error) => error.message),
    exits,
  }
}

describe('options and their values', () => {
  test.each([
    [['-w', '4', 'app'], ['workers=4'], ['app']],
    [['-w4', 'app'], ['workers=4'], ['app']],
    [['-w=4', 'app'], ['workers=4'], ['app']],
    [['--workers=4', 'app'], ['workers=4'], ['app']],
    [['--workers', '4', 'app'], ['workers=4'], ['app']],
    [['-w 4', 'app'], ['workers= 4'], ['app']],
    [['--worker-cl', 'gevent', 'app'], ['worker_class=gevent'], ['app']],
    [['--error-log', '-', 'app'], ['errorlog=-'], ['app']],
    [['--time', '60', 'app'], ['timeout=60'], ['app']],
    [['--reload', 'app'], ['reload'], ['app']],
    [['-Dw4', 'app'], ['daemon', 'workers=4'], ['app']],
    [['-RD', 'app'], ['enable_stdio_inheritance', 'daemon'], ['app']],
    [['-b', ':1', '-b', ':2', 'app'], ['bind=:1', 'bind=:2'], ['app']],
    [['-w', '1', 'app', '-w', '2'], ['workers=1', 'workers=2'], ['app']],
    [['-preload', 'app'], ['pidfile=reload'], ['app']],
    [['--access-logformat=-x', 'app'], ['access_log_format=-x'], ['app']],
    [['--access-logfile', '-', 'app'], ['accesslog=-'], ['app']],
    [['--graceful-timeout', '-1', 'app'], ['graceful_timeout=-1'], ['app']],
    [['--preload', 'True', 'app'], ['preload_app'], ['True', 'app']],
    [['--bind=', 'app'], ['bind='], ['app']],
    [['-n', 'a b', 'app'], ['proc_name=a b'], ['app']],
  ])('%j', (line, set, application) => {
    expect(parse(line)).toEqual({ set, application, errors: [], exits: undefined })
  })
})

describe('positional arguments', () => {
  test.each([
    [['app', 'extra'], ['app', 'extra']],
    [['app', '&'], ['app', '&']],
    [['', 'app'], ['', 'app']],
    [['--workers 4', 'app'], ['--workers 4', 'app']],
    [['-w', '2', '--', 'app'], ['app']],
    [['app', '--', '-w', '2'], ['app', '-w', '2']],
    [['–w', '4', 'app'], ['–w', '4', 'app']],
    [['-', 'app'], ['-', 'app']],
  ])('%j', (line, application) => {
    expect(parse(line)).toMatchObject({ application, errors: [] })
  })

  test.each([[['app', '-w', '2', 'extra'], ['unrecognized arguments: extra']]])('%j', (line, errors) => {
    expect(parse(line)).toMatchObject({ application: ['app'], errors })
  })
})

describe('usage errors', () => {
  test.each([
    [['-w', 'auto', 'app'], "argument -w/--workers: invalid int value: 'auto'"],
    [['-w', '4.0', 'app'], "argument -w/--workers: invalid int value: '4.0'"],
    [['-w', 'app'], "argument -w/--workers: invalid int value: 'app'"],
    [['-workers', '4'], "argument -w/--workers: invalid int value: 'orkers'"],
    [['-w', '', 'app'], "argument -w/--workers: invalid int value: ''"],
    [['-m', '08', 'app'], "argument -m/--umask: invalid auto_int value: '08'"],
    [['--preload=True', 'app'], "argument --preload: ignored explicit argument 'True'"],
    [['--access-logfile', '--error-logfile', '-', 'app'], 'argument --access-logfile: expected one argument'],
    [['--access-logformat', '--reload', 'app'], 'argument --access-logformat: expected one argument'],
    [['app', '-b'], 'argument -b/--bind: expected one argument'],
    [['--port=80', 'app'], 'unrecognized arguments: --port=80'],
    [['-reload', 'app'], 'unrecognized arguments: -reload'],
    [['-V', 'app'], 'unrecognized arguments: -V'],
    [['--work=4', 'app'], 'ambiguous option: --work=4 could match --workers, --worker-class, --worker-connections, --worker-tmp-dir'],
  ])('%j: %s', (line, error) => {
    expect(parse(line).errors).toEqual([error])
  })
})

describe('what ends gunicorn at once', () => {
  test.each([
    [['-v', '-w', 'auto'], 'version', []],
    [['--version'], 'version', []],
    [['-h'], 'help', []],
    [['-w', 'auto', '-v'], undefined, ["argument -w/--workers: invalid int value: 'auto'"]],
    [['-w', '4', '--help', '--port'], 'help', []],
  ])('%j: %j', (line, exits, errors) => {
    expect(parse(line)).toMatchObject({ exits, errors })
  })
})

describe('what is not known', () => {
  test.each([
    [['-w', '?', 'app'], ['workers=?'], ['app'], []],
    [['--workers=?', 'app'], ['workers=?'], ['app'], []],
    [['-w?', 'app'], ['workers=?'], ['app'], []],
    [['-w', '2', '?', 'app'], ['workers=2', '?'], ['?', 'app'], []],
    [['?', '-w', 'auto', 'app'], ['?', 'workers=auto'], ['?'], []],
    [['--wor?', 'app'], ['?'], ['?', 'app'], []],
    [['?', '--port', '80', 'app'], ['?'], ['?'], []],
  ])('%j', (line, set, application, errors) => {
    expect(parse(line)).toEqual({ set, application, errors, exits: undefined })
  })
})

describe('releases differ', () => {
  test.each([
    ['19.10.0', ['--no-control-socket', 'app'], ['unrecognized arguments: --no-control-socket']],
    ['25.1.0', ['--no-control-socket', 'app'], []],
    ['22.0.0', ['--forward', '*', 'app'], []],
    ['23.0.0', ['--forward=*', 'app'], ['ambiguous option: --forward=* could match --forwarded-allow-ips, --forwarder-headers']],
    ['25.0.3', ['--con', 'c.py', 'app'], []],
    ['25.1.0', ['--con=c.py', 'app'], ['ambiguous option: --con=c.py could match --config, --control-socket, --control-socket-mode']],
    ['22.0.0', ['--tolerate-dangerous-framing', 'app'], []],
    ['23.0.0', ['--tolerate-dangerous-framing', 'app'], ['unrecognized arguments: --tolerate-dangerous-framing']],
  ])('%s %j', (name, line, errors) => {
    const found = parse(line, name).errors.map((error) =>
      error.replace(/(could match )(.*)/, (_, head: string, names: string) => head + names.split(', ').sort().join(', '))
    )
    expect(found).toEqual(errors)
  })

  test.each([
    ['23.0.0', ['proxy_protocol'], ['app']],
    ['24.1.1', ['proxy_protocol=app'], []],
  ])('%s: --proxy-protocol app', (name, set, application) => {
    expect(parse(['--proxy-protocol', 'app'], name)).toEqual({ set, application, errors: [], exits: undefined })
  })
})
