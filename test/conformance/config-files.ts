/** Generated config files, good and bad, each with a command line that reads it or does not. */
import type { CommandLine } from './gunicorn.ts'
import { Random } from './random.ts'
import { valuesOf } from './setting-values.ts'

/** The same for the same seed. Nothing depends on the machine but how many processors it has, which no value is made of. */
export function configFiles(seed: number, count: number): CommandLine[] {
  const generator = new Generator(seed)
  const lines = Array.from({ length: count }, () => generator.commandLine())
  // gunicorn.py is faster where the environment stays the same.
  return lines.map((line) => [JSON.stringify({ ...line.env, GUNICORN_CMD_ARGS: '' }), line] as const).sort(([a],
    [b]) => (a < b ? -1 : a > b ? 1 : 0)
  ).map(([, line]) => line)
}

const integers = ['workers', 'threads', 'timeout', 'graceful_timeout', 'keepalive', 'max_requests', 'max_requests_jitter', 'backlog',
  'umask', 'worker_connections', 'limit_request_line', 'http2_max_frame_size', 'dirty_workers', 'control_socket_mode']
const strings = ['worker_class', 'loglevel', 'accesslog', 'errorlog', 'access_log_format', 'proc_name', 'pidfile', 'worker_tmp_dir',
  'statsd_host', 'statsd_prefix', 'wsgi_app', 'syslog_prefix', 'forwarded_allow_ips', 'proxy_allow_ips', 'header_map', 'http_protocols',
  'proxy_protocol', 'reload_engine', 'control_socket', 'forwarder_headers', 'asgi_loop', 'config', 'pythonpath', 'tmp_upload_dir']
const bools = ['preload_app', 'reload', 'daemon', 'capture_output', 'reuse_port', 'check_config', 'control_socket_disable', 'sendfile',
  'spew']
const lists = ['bind', 'raw_env', 'raw_paste_global_conf', 'dirty_apps', 'reload_extra_files']
const dicts = ['logconfig_dict', 'secure_scheme_headers']
/** A setting of each kind of value; `user` and `group` are told by number only. */
const settings = [...integers, ...integers, ...strings, ...strings, ...bools, ...lists, ...lists, ...dicts, 'user', 'group', 'ssl_version',
  'chdir', 'cert_reqs']
const hooks = ['on_starting', 'when_ready', 'pre_fork', 'post_fork', 'post_worker_init', 'worker_exit', 'child_exit', 'nworkers_changed',
  'post_request', 'on_exit', 'ssl_context', 'dirty_post_fork']
const wrong = ['Workers', 'WORKERS', 'log_level', 'keep_alive', 'access_logfile', 'name', 'worker', 'debug', 'port', 'host', '_private',
  '__doc__']
const variables = ['PORT', 'WEB_CONCURRENCY', 'WORKERS', 'HOST', 'LOG_LEVEL', 'MISSING', 'EMPTY', 'DEBUG', 'TIMEOUT']
const values: Readonly<Record<string, readonly string[]>> = {
  PORT: ['5000', '80'],
  WEB_CONCURRENCY: ['3'],
  WORKERS: ['4', 'x', '-1'],
  HOST: ['0.0.0.0', '127.0.0.1'],
  LOG_LEVEL: ['debug'],
  EMPTY: [''],
  DEBUG: ['1', ''],
  TIMEOUT: ['60'],
}

class Generator {
  readonly #random: Random
  /** The names that the file has bound so far. */
  #bound: string[] = []

  readonly #environments: readonly Readonly<Record<string, string>>[]

  constructor(seed: number) {
    this.#random = new Random(seed)
    this.#environments = Array.from({ length: 12 }, () => this.#environment())
  }

  #environment(): Record<string, string> {
    const env: Record<string, string> = {}
    for (const name of variables) if (this.#random.chance(0.4) && values[name]) env[name] = this.#random.pick(values[name])
    return env
  }

  commandLine(): CommandLine {
    const random = this.#random
    const env = { ...random.pick(this.#environments) }
    const file = this.file()
    const name = random.pick(['gunicorn.conf.py', 'gunicorn.conf.py', 'conf.py', 'conf/web.py', 'web.conf'])
    const files: Record<string, string> = { [name]: file }
    if (name !== 'gunicorn.conf.py' && random.chance(0.3)) files['gunicorn.conf.py'] = this.file()
    const option = random.pick([['-c', name], [`-c${name}`], ['--config', `file:${name}`], [`--config=./${name}`], ['--conf', name]])
    const words = random.chance(name === 'gunicorn.conf.py' ? 0.5 : 0.8) ? option : []
    if (words.length === 0 && random.chance(0.5))
      env['GUNICORN_CMD_ARGS'] = random.pick([`-c ${name}`, `-c '${name}' -w 7`, '--threads 3', '-c /dev/null', '-b :9000 -e Z=1'])
    if (random.chance(0.3))
      words.push(
        ...random.pick([['-w', '5'], ['-b', ':7000'], ['--timeout', '99'], ['-e', 'C=1'], ['--log-level', 'warning'], ['--preload'], ['-c',
          '/dev/null']]),
      )
    if (random.chance(0.8)) words.push('shop.wsgi')
    return { argv: ['gunicorn', ...words], env, files }
  }

  file(): string {
    const random = this.#random
    this.#bound = []
    const lines: string[] = []
    if (random.chance(0.7))
      lines.push(
        random.pick(['import os', 'import os, multiprocessing', 'import os as o; import os', 'from os import environ, getenv\nimport os',
          'import os.path, os']),
      )
    if (random.chance(0.1))
      lines.unshift(
        random.pick(['# -*- coding: utf-8 -*-', '"""Settings."""', '#!/usr/bin/env python', '', 'from __future__ import print_function']),
      )
    const count = 1 + random.below(8)
    for (let at = 0; at < count; at++) lines.push(...this.#statement())
    const end = random.chance(0.05) ? '\r\n' : '\n'
    const text = lines.join('\n').replaceAll('\n', end) + (random.chance(0.9) ? end : '')
    return random.chance(0.02) ? `\ufeff${text}` : text
  }

  #statement(): string[] {
    const random = this.#random
    const kind = random.next()
    if (kind < 0.55) return [this.#assignment() + random.pick(['', '', '', '  # note', ' ;', '; x9 = 1'])]
    if (kind < 0.65) return [this.#variable()]
    if (kind < 0.7) return this.#hook()
    if (kind < 0.76) return [`${random.pick(wrong)} = ${this.#value(random.pick(settings))}`]
    if (kind < 0.88) return this.#branch()
    if (kind < 0.985) return this.#trick()
    return [random.pick([
      'workers = 30s',
      'timeout = ',
      'bind "x"',
      'workers 4',
      'bind = "unclosed',
      'raw_env = ["a"',
      '  workers = 4',
      'workers = 4)',
      'if True:',
      'workers = 0777',
      'print "x"',
      "bind = '''x",
      'workers:\n  4',
      'x = $HOME',
      'timeout = 30 seconds',
      'umask = 022',
      'workers = \\ 4',
      'bind = “x”',
      'raw_env = ["a"}',
      'workers = 10L',
    ])]
  }

  #assignment(): string {
    const random = this.#random
    const name = random.pick(settings)
    const value = this.#value(name)
    this.#bound.push(name)
    return random.pick([
      `${name} = ${value}`,
      `${name} = ${value}`,
      `${name} = ${value}`,
      `${name}=${value}`,
      `${name}: object = ${value}`,
      `x1 = ${name} = ${value}`,
      `(${name}) = ${value}`,
      `${name} = \\\n  ${value}`,
      `${name} = (${value})`,
      `${name}, x2 = ${value}, 1`,
      `[${name}, x3] = [${value}, 1]`,
      `${name} = (  # note\n  ${value}\n)`,
    ])
  }

  /** A value for a setting: mostly of the right kind. */
  #value(name: string): string {
    const random = this.#random
    if (random.chance(0.06))
      return random.pick(['None', '1.5', '[]', '()', '{}', 'True', '0', '""', 'b"x"', '{1, 2}', 'lambda: 1', 'object', '[1]', '["a", None]',
        '{"a": 1}', '-1', 'os'])
    if (random.chance(0.08) && this.#bound.length > 0) return random.pick(this.#bound)
    if (name === 'user' || name === 'group') return random.pick(['0', '"0"', '1000', '65534'])
    if (name === 'ssl_version') return random.pick(['2', '"TLS"', '"2"'])
    if (name === 'chdir') return random.pick(['"/"', "'/ '", '"/tmp"'])
    if (name === 'cert_reqs') return random.pick(['0', '2', '"1"'])
    if (integers.includes(name)) return this.#integer()
    if (bools.includes(name))
      return random.pick(['True', 'False', '"true"', '"False"', 'not 1', '1 == 1', 'None', 'os.environ.get("DEBUG") == "1"',
        'bool(os.getenv("DEBUG", ""))', '"DEBUG" in os.environ', '0', '"yes"', '3 > 2', 'True if os.getenv("DEBUG") else False'])
    if (lists.includes(name)) return this.#list(name)
    if (dicts.includes(name))
      return random.pick(['{}', '{"version": 1, "loggers": {"a": {"level": "INFO", "handlers": ["x", "y"]}}}', '{"A": "b", **{}}',
        'dict(version=1)', '{"a": 1.5, "b": (1, 2), "a": True, "c": None}', '{1: 2}', '{"version": 1}', '{"x": os.getenv("PORT", "1")}',
        '{k: 1 for k in "ab"}'])
    return this.#text(name)
  }

  #integer(): string {
    const random = this.#random
    return random.pick([
      String(random.below(100)),
      String(random.below(100)),
      '2 * 60',
      '2 ** 3',
      '0x10',
      '0o22',
      '0b11',
      '1_000',
      '(4)',
      '-(-4)',
      '+4',
      '7 // 2',
      '7 % 4',
      '-7 // 2 + 10',
      '1 << 3',
      '~-5',
      '"4"',
      '"0x10"',
      '" 3 "',
      '"x"',
      'int(os.environ.get("WORKERS", 4))',
      'int(os.getenv("TIMEOUT", "30"))',
      'os.getenv("TIMEOUT", 30)',
      'int("12")',
      'int(" 5 ")',
      'int(True)',
      'os.cpu_count() * 2 + 1',
      'max(2, 3)',
      'len("abc")',
      '8 / 2',
      '9999999999',
      '2 ** 70',
      'os.environ.get("WORKERS") or 2',
      'int(os.environ["TIMEOUT"])',
      '4 if os.getenv("DEBUG") else 8',
      '[3, 4][1]',
      '{"a": 5}["a"]',
      '(1, 2, 3)[-1]',
      'True + 2',
      '3 and 5',
      '0 or 6',
      '5 & 6 | 8 ^ 1',
      '1 if None is None else 2',
      '6 if "a" == "a" else 7',
      '1 < 2',
      '1 < 2 < 3',
      'int(3.7)',
      '1e3',
      '12if True else 3',
    ])
  }

  #text(name: string): string {
    const random = this.#random
    const plain = random.chance(0.5) ? random.pick(valuesOf(name, '', null))
      : random.pick(['info', 'debug', '-', '/dev/stdout', ' padded ', '', 'a.b', 'h1', '%(h)s'])
    const quoted = this.#quoted(plain)
    return random.pick([
      quoted,
      quoted,
      quoted,
      quoted,
      quoted,
      `${quoted} ''`,
      `'' ${quoted}`,
      `${quoted} + ''`,
      `str(${quoted})`,
      `f"{${JSON.stringify('x')[0] === '"' ? "'a'" : ''}}"`,
      `"%s" % ${quoted}`,
      `"{}".format(${quoted})`,
      'os.environ.get("LOG_LEVEL", "info")',
      'os.environ["LOG_LEVEL"]',
      'os.getenv("HOST")',
      'os.getenv("LOG_LEVEL", "INFO").lower()',
      `"x".upper() + ${quoted}`,
      'r"a\\b"',
      'u"x"',
      '"a\\tb\\x41\\101\\\nc"',
      '"\\u0041"',
      '"""a\n b"""',
      'f"{1 + 2}-{os.getenv(\'PORT\', 80)}"',
      'f"{{x}}"',
      '"%d-%s" % (4, "x")',
      '"{0}{1}{0}".format("a", 1)',
      '"a" "b" \'c\'',
      '"ab" * 2',
      '",".join(["a"])',
      '" x ".strip()',
      '"\\d"',
      'f"{3!r}"',
      'f"{3:02d}"',
      '"%5d" % 3',
      'b"x".decode()',
    ])
  }

  #quoted(text: string): string {
    if (/[^ -~]/.test(text) || text.includes('\\')) return JSON.stringify(text).replaceAll(/[^ -~]/gu, (char) => char)
    return this.#random.pick([`'${text.replaceAll("'", "\\'")}'`, `"${text.replaceAll('"', '\\"')}"`,
      `'''${text.replaceAll("'", "\\'")}'''`])
  }

  #list(name: string): string {
    const random = this.#random
    const item = (): string => (name === 'bind'
      ? random.pick(['":8000"', '"0.0.0.0:80"', "'unix:/run/x.sock'", "f\"0.0.0.0:{os.getenv('PORT', '8000')}\"",
        '"0.0.0.0:" + os.environ.get("PORT", "8000")', '"[::]:%s" % 80', "':x'"])
      : random.pick(['"A=1"', "'B=' + 'c'", '" A=2 "', '"D=%s" % 1', '"E={}".format(os.getenv("HOST"))', '"A"']))
    const items = Array.from({ length: random.below(4) }, item)
    return random.pick([item(), item(), `[${items.join(', ')}]`, `[${items.map((one) => `${one},`).join(' ')}]`,
      `(${items.map((one) => `${one},`).join(' ')})`, `[${item()}] + [${item()}]`, `[x for x in [${item()}]]`, `"a=1,b=2".split(",")`,
      `[*[${item()}]]`, `list([${item()}])`, `[${item()}] if os.getenv("DEBUG") else ${item()}`])
  }

  #variable(): string {
    const random = this.#random
    const name = random.pick(['v1', 'v2', 'port', 'bind_host'])
    this.#bound.push(name)
    return random.pick([
      `${name} = ${this.#integer()}`,
      `${name} = ${this.#text('loglevel')}`,
      `${name} = os.environ.get(${JSON.stringify(random.pick(variables))}, ${random.pick(['"1"', '2', 'None'])})`,
      `${name} = os.getenv(${JSON.stringify(random.pick(variables))})`,
      `${name} = [${this.#list('raw_env')}]`,
    ])
  }

  #hook(): string[] {
    const random = this.#random
    const name = random.pick(hooks)
    const parameters = random.pick(['server', 'server, worker', 'server, worker', 'a, b, c', 'a, b=1', '*args', 'a, *b',
      'worker, req, environ, resp', ''])
    return [`${random.pick(['def', 'def', 'async def'])} ${name}(${parameters}):`,
      random.pick(['    pass', '    x = 1\n    return x', '    """Doc."""', '    global workers\n    workers = 9', '    bind.append("x")']),
      ...(random.chance(0.3) ? [''] : [])]
  }

  /** Statements whose bodies may run or not. */
  #branch(): string[] {
    const random = this.#random
    const one = `    ${this.#assignment().replaceAll('\n', '\n    ')}`
    const two = `    ${this.#assignment().replaceAll('\n', '\n    ')}`
    return random.pick([
      [`if os.getenv(${JSON.stringify(random.pick(variables))}):`, one, 'else:', two],
      ['if True:', one],
      ['if __name__ == "__main__":', one],
      ['if 0:', one, 'elif os.environ.get("DEBUG") == "1":', two, 'else:', '    pass'],
      ['for x4 in (1, 2):', one],
      ['while True:', one, '    break'],
      ['try:', one, '    import nothing_of_that_name', 'except ImportError:', two],
      ['try:', one, 'finally:', two],
      ['with open(os.devnull) as backlog:', one],
      ['if os.cpu_count() > 1000:', one, 'else:', two],
      ['for workers in [3, 4]: pass'],
      ['if True: workers = 3'],
      ['class Settings:', one],
      ['if 1:', '    if 2:', `    ${one.replaceAll('\n', '\n    ')}`, two],
      ['def helper():', one, '    return 1', 'threads = helper()'],
      ['@staticmethod', 'def post_fork(server, worker):', '    pass'],
    ])
  }

  /** What reaches names in other ways. */
  #trick(): string[] {
    const random = this.#random
    const name = this.#bound.length > 0 ? random.pick(this.#bound) : 'workers'
    return random.pick([
      [`${name} += ${this.#integer()}`],
      [`${name} += ["x=1"]`],
      [`del ${name}`],
      ['globals()["workers"] = 7'],
      ['exec("workers = 8")'],
      ['from os.path import *'],
      ['workers: int'],
      ['workers: int = 6'],
      ['threads = (workers := 5)'],
      ['import workers'],
      ['import json as timeout'],
      ['from os import path as proc_name'],
      ['lst = ["A=1"]', 'raw_env = lst', 'lst.append("B=2")'],
      ['lst = ["A=1"]', 'raw_env = lst', 'lst += ["B=2"]'],
      ['raw_env = ["A=1"]', 'raw_env[0] = "C=3"'],
      ['raw_env = ["A=1"]', 'other = raw_env', 'other.insert(0, "Z=1")'],
      ['raw_env = [["A"]]'],
      ['raw_env = ["A=1"]', 'def change():', '    raw_env.append("D=4")', 'change()'],
      ['f = lambda: raw_env.append("E=1")', 'raw_env = ["A=1"]', 'f()'],
      ['os.environ["PORT"] = "1234"', 'bind = ":" + os.environ.get("PORT", "1")'],
      ['os.environ.setdefault("PORT", "77")', 'bind = ":%s" % os.getenv("PORT")'],
      ['getenv = lambda *a: "9"', 'workers = getenv("WORKERS", "2")'],
      ['int = lambda x: 11', 'workers = int("3")'],
      ['def str(x):', '    return "y"', 'proc_name = str(1)'],
      ['timeout, keepalive = 60, 5'],
      ['timeout, keepalive = (60,), 5'],
      ['workers = threads = 3'],
      ['a = b = ["A=1"]', 'raw_env = b', 'a.append("B=1")'],
      ['d = {"version": 1}', 'logconfig_dict = d', 'd["version"] = 2'],
      ['d = {"x": ["y"]}', 'logconfig_dict = d', 'd["x"].append("z")'],
      ['logconfig_dict = {"a": [1]}', 'x5 = logconfig_dict["a"]', 'x5[0] = 2'],
      ['vars()["timeout"] = 44'],
      ['setattr(os, "x", 1)'],
      ['[workers for workers in (1, 2)]'],
      ['raw_env = [e for e in ["A=1"]]'],
      ['raw_env = sorted(["B=1", "A=1"])'],
      ['print(workers if "workers" in dir() else 1)'],
      ['import sys', 'sys.modules[__name__].workers = 12'],
      ['def set_workers():', '    global workers', '    workers = 13', 'set_workers()'],
      ['workers = 4', 'if False:', '    workers = 5'],
      ['class logger_class(object):', '    pass'],
      ['worker_class = "sync"', 'worker_class = worker_class.upper()'],
      ['bind = os.environ.get("BIND", "0.0.0.0:" + str(8000))'],
      ['raise SystemExit(1)'],
      ['assert True'],
      ['pass'],
      ['"just text"'],
      ['x6 = yield_ = 1'],
      ['environ = {"PORT": "1"}', 'bind = ":" + environ.get("PORT")'],
      ['os = None'],
      ['raw_env = ["A=%s" % i for i in range(2)]'],
      ['match = 3', 'case = match', 'type = 5'],
      ['workers = 3; threads = 2; del threads'],
      ['x7 = [1, 2,\n  3]; workers = x7[2]'],
      ['import nothing_of_that_name'],
      ['workers = undefined_name'],
      ['timeout = int("x")'],
      ['proc_name = chr(65)'],
      ['if (n := 3) > 2: workers = n'],
      ['raw_env = ("A=1")'],
      ['raw_env = ("A=1",)'],
      ['raw_env = "A=1", "B=2"'],
      ['bind = "a:1", '],
      ['accesslog = errorlog = "-"'],
      ['\tworkers = 3'],
      ['if True:', '\tworkers = 3'],
      ['if True:', '  workers = 3', '  threads = 4'],
      ['try: workers = 5', 'except Exception: workers = 6'],
      ['nonascii = "é"; proc_name = nonascii'],
      ['wörkers = 3'],
      ['ｗorkers = 14'],
    ])
  }
}
