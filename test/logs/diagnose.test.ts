/** Logs as they come: wrapped by collectors, cut, mixed with what others write. What real gunicorns log is in test/conformance/logs.test.ts. */
import { describe, expect, test } from '@jest/globals'
import { diagnosisOf } from '../../src/logs/diagnose.ts'
import { Diagnosing } from '../../src/logs/diagnosing.ts'
import type { Diagnosis } from '../../src/logs/diagnosis.ts'
import type { Circumstances } from '../../src/logs/circumstances.ts'
import wording from '../../src/logs/wording.json' with { type: 'json' }

function diagnose(log: string | Uint8Array, circumstances: Partial<Circumstances> = {}, piece = 997): Diagnosis {
  const reading = new Diagnosing({ isKnown: Object.keys(circumstances).length > 0, ...circumstances })
  const bytes = Buffer.from(log)
  for (let at = 0; at < bytes.length; at += piece) reading.push(bytes.subarray(at, at + piece))
  reading.end()
  return diagnosisOf(reading)
}

const says = (diagnosis: Diagnosis): readonly string[] => diagnosis.conclusions.map(({ id }) => id)

/** A line of the error log, so many seconds in. */
const line = (second: number, pid: number, level: string, message: string): string => {
  const time = new Date(Date.parse('2026-11-30T10:00:00Z') + second * 1000).toISOString()
  return `[${time.slice(0, 10)} ${time.slice(11, 19)} +0000] [${pid}] [${level}] ${message}`
}

const boot = (worker = 8): readonly string[] => [
  line(0, 7, 'INFO', 'Starting gunicorn 23.0.0'),
  line(0, 7, 'INFO', 'Listening at: http://0.0.0.0:5000 (7)'),
  line(0, 7, 'INFO', 'Using worker: sync'),
  line(0, worker, 'INFO', `Booting worker with pid: ${worker}`),
]

const timeout = [
  ...boot(),
  line(60, 7, 'CRITICAL', 'WORKER TIMEOUT (pid:8)'),
  line(60, 8, 'ERROR', 'Error handling request /report'),
  'Traceback (most recent call last):',
  '  File "/srv/app/shop.py", line 3, in app',
  '    wait()',
  'SystemExit: 1',
  line(60, 8, 'INFO', 'Worker exiting (pid: 8)'),
  line(61, 7, 'ERROR', 'Worker (pid:8) was sent SIGKILL! Perhaps out of memory?'),
  line(61, 9, 'INFO', 'Booting worker with pid: 9'),
]

const stamp = (index: number): string => `2026-11-30T10:00:${String(index % 60).padStart(2, '0')}.123456789Z`

describe('what is around a line', () => {
  const wrappings: Readonly<Record<string, (text: string, index: number) => string>> = {
    nothing: (text) => text,
    'kubectl logs --timestamps': (text, index) => `${stamp(index)} ${text}`,
    'kubectl logs --prefix': (text) => `[pod/web-5d8f/app] ${text}`,
    'kubectl logs --prefix --timestamps': (text, index) => `[pod/web-5d8f/app] ${stamp(index)} ${text}`,
    CRI: (text, index) => `${stamp(index)} stderr F ${text}`,
    'CRI, in parts': (text, index) => `${stamp(index)} stderr P ${text.slice(0, 20)}\n${stamp(index)} stderr F ${text.slice(20)}`,
    'docker compose': (text) => `web-1  | ${text}`,
    'json-file of docker': (text, index) => JSON.stringify({ log: `${text}\n`, stream: 'stderr', time: stamp(index) }),
    'fluent-bit': (text, index) =>
      JSON.stringify({ date: 1796032800.5 + index, log: text, kubernetes: { pod_name: 'web-5d8f', container_name: 'app' } }),
    vector: (text, index) =>
      JSON.stringify({ message: text, timestamp: stamp(index), kubernetes: { pod_name: 'web-5d8f' }, source_type: 'kubernetes_logs' }),
    'JSON of a logger class': (text) => {
      const [, time = '', pid = '', level = '', message = ''] = /^\[([^\]]+) \+0000\] \[(\d+)\] \[([A-Z]+)\] (.*)$/.exec(text) ?? []
      return message === '' ? text
        : JSON.stringify({ asctime: time, levelname: level, name: 'gunicorn.error', process: Number(pid), message })
    },
    'foreman and honcho': (text, index) => `10:00:${String(index % 60).padStart(2, '0')} web.1      | ${text}`,
    'ends of lines of Windows': (text) => `${text}\r`,
  }
  test.each(Object.entries(wrappings))('%s', (_, wrap) => {
    const diagnosis = diagnose(`${timeout.map(wrap).join('\n')}\n`)
    expect(says(diagnosis)).toEqual(['worker-timeout'])
    expect([diagnosis.healthy, diagnosis.events['worker-timeout']?.count, diagnosis.conclusions[0]?.summary]).toEqual([false, 1,
      expect.stringContaining('at /report')])
  })

  test('pods are told apart, whose processes have the same numbers', () => {
    const of = (pod: string, lines: readonly string[]): string[] => lines.map((text) => `[pod/${pod}/app] ${text}`)
    const log = [...of('a', boot()), ...of('b', boot()), ...of('a', [line(9, 7, 'CRITICAL', 'WORKER TIMEOUT (pid:8)')]),
      ...of('b', [line(10, 7, 'ERROR', 'Worker (pid:8) was sent SIGKILL! Perhaps out of memory?')])]
    expect(says(diagnose(log.join('\n')))).toEqual(['worker-timeout', 'worker-killed', 'out-of-memory'])
  })
})

describe('no wrong claim', () => {
  test('words of gunicorn in what a client sends, or an application writes', () => {
    const agent = '[2026-11-30 10:00:05 +0000] [7] [CRITICAL] WORKER TIMEOUT (pid:8)'
    const log = [...boot(), `1.2.3.4 - - [30/Nov/2026:10:00:05 +0000] "GET / HTTP/1.1" 200 2 "-" "${agent}"`,
      `agent: ${agent.replace('[7]', '[99]')}`, 'WORKER TIMEOUT (pid:8)', '{"event": "WORKER TIMEOUT (pid:8)"}', 'Error: WORKER TIMEOUT',
      line(6, 8, 'WARNING', 'the shop says: Worker (pid:8) was sent SIGKILL! Perhaps out of memory?')]
    expect([says(diagnose(log.join('\n'))), diagnose(log.join('\n')).healthy]).toEqual([[], true])
  })

  test("words of an arbiter that a worker writes, by gunicorn's logger", () => {
    const log = [...boot(), line(6, 8, 'CRITICAL', 'WORKER TIMEOUT (pid:8)'),
      line(7, 8, 'ERROR', 'Worker (pid:8) was sent SIGKILL! Perhaps out of memory?'), line(8, 8, 'ERROR', 'Reason: Worker failed to boot.')]
    expect([says(diagnose(log.join('\n'))), diagnose(log.join('\n')).healthy]).toEqual([[], true])
  })

  test('workers that are told to end as soon as they are up, all together', () => {
    const workers = [8, 9, 10, 11]
    const log = [...boot().slice(0, 3), ...workers.map((pid) => line(0, pid, 'INFO', `Booting worker with pid: ${pid}`)),
      ...workers.map((pid) => line(3, pid, 'INFO', `Worker exiting (pid: ${pid})`)), line(3, 7, 'INFO', 'Handling signal: term'),
      line(4, 7, 'INFO', 'Shutting down: Master')]
    expect(diagnose(log.join('\n')).healthy).toBe(true)
  })

  test('a log with a gap: what was not said may have been lost', () => {
    const stop = [line(60, 7, 'INFO', 'Handling signal: term'), line(60, 20, 'INFO', 'Worker exiting (pid: 20)'),
      line(90, 7, 'INFO', 'Shutting down: Master')]
    expect(says(diagnose([...boot(), ...stop].join('\n')))).toEqual(['routine-restart'])
    expect(
      says(
        diagnose(
          [...boot(), 'x\u0000\u0001\u0002', line(60, 7, 'ERROR', 'Worker (pid:8) was sent SIGKILL! Perhaps out of memory?')].join('\n'),
        ),
      ),
    ).toEqual([])
  })

  test('a log that begins in the middle of a traceback of the application', () => {
    const raised = ['Traceback (most recent call last):',
      '  File "/usr/lib/python3/site-packages/gunicorn/workers/sync.py", line 178, in handle_request',
      '    respiter = self.wsgi(environ, resp.start_response)', '  File "/srv/app/shop.py", line 3, in app',
      "OSError: [Errno 30] Read-only file system: 'x'"]
    for (let cut = 0; cut < raised.length; cut++) expect(says(diagnose(raised.slice(cut).join('\n')))).toEqual([])
    for (let cut = 0; cut < 20; cut++) expect(says(diagnose('ValueError: broken order'.slice(cut)))).toEqual([])
  })

  test('grave words in a form that is not known: nobody knows whose they are', () => {
    const access = Array.from({ length: 30 },
      (_, index) => `[30/Nov/2026:10:00:${String(index).padStart(2, '0')} +0000] "GET / HTTP/1.1" 200 900`)
    const given = { accessLogFormat: '%(t)s "%(r)s" %(s)s %(D)s', workers: 4, workerClass: 'sync' }
    expect(diagnose(access.join('\n'), given).healthy).toBe(true)
    const other = '2026-11-30 10:00:31,204 CRITICAL gunicorn.error: WORKER TIMEOUT (pid:8)'
    expect(diagnose([...access, other].join('\n'), given)).toMatchObject({ healthy: null, conclusions: [] })
    expect(diagnose([...boot(), ...access, other].join('\n'), given).healthy).toBe(true)
  })

  test('Pods without a prefix, whose processes have the same numbers', () => {
    const timeouts = [line(50, 7, 'CRITICAL', 'WORKER TIMEOUT (pid:8)'), line(51, 8, 'INFO', 'Booting worker with pid: 8'),
      line(51, 7, 'ERROR', 'Worker (pid:8) was sent SIGKILL! Perhaps out of memory?')]
    const both = [...boot().flatMap((text) => [text, text]), ...timeouts]
    expect(says(diagnose(both.join('\n')))).toEqual(['worker-timeout'])
  })

  test('two gunicorns side by side: the one stops, and the other goes on', () => {
    const other = [line(1, 20, 'INFO', 'Starting gunicorn 23.0.0'), line(1, 20, 'INFO', 'Using worker: sync'),
      line(2, 21, 'INFO', 'Booting worker with pid: 21'), line(2, 9, 'INFO', 'Booting worker with pid: 9')]
    const log = [...boot(), ...other, line(60, 7, 'INFO', 'Handling signal: term'), line(60, 8, 'INFO', 'Worker exiting (pid: 8)'),
      line(60, 9, 'INFO', 'Worker exiting (pid: 9)'), line(63, 7, 'INFO', 'Shutting down: Master')]
    expect(diagnose(log.join('\n')).healthy).toBe(true)
  })

  test('a container that was killed and starts again, with the same numbers in another order', () => {
    const again = [line(100, 8, 'INFO', 'Starting gunicorn 23.0.0'), line(100, 8, 'INFO', 'Listening at: http://0.0.0.0:5000 (8)'),
      line(100, 8, 'INFO', 'Using worker: sync'), line(100, 7, 'INFO', 'Booting worker with pid: 7'),
      line(150, 8, 'CRITICAL', 'WORKER TIMEOUT (pid:7)')]
    expect(says(diagnose([...boot(), ...again].join('\n')))).toEqual(['worker-timeout'])
    expect(diagnose([...boot(), ...again.slice(0, 4)].join('\n')).healthy).toBe(true)
  })

  test('what the application prints without an end stands before a line of gunicorn', () => {
    expect(says(diagnose([...boot(), `half a line${line(60, 7, 'CRITICAL', 'WORKER TIMEOUT (pid:8)')}`].join('\n')))).toEqual([
      'worker-timeout',
    ])
  })

  test('a log that begins behind the timeout', () => {
    expect(says(diagnose(timeout.slice(-2).join('\n')))).toEqual([])
    expect(diagnose(timeout.slice(-2).join('\n')).healthy).toBeNull()
  })

  test('every beginning and every end of a log', () => {
    for (let cut = 0; cut <= timeout.length; cut++) {
      const allowed = new Set(['worker-timeout'])
      for (const part of [timeout.slice(cut), timeout.slice(0, cut)])
        expect(says(diagnose(part.join('\n'))).filter((id) => !allowed.has(id))).toEqual([])
    }
    const bytes = Buffer.from(timeout.join('\n'))
    for (let cut = 0; cut < bytes.length; cut += 7)
      expect(says(diagnose(bytes.subarray(cut))).filter((id) => id !== 'worker-timeout')).toEqual([])
  })

  test('nothing, other programs, and bytes that are no text', () => {
    expect(diagnose('').healthy).toBeNull()
    expect(diagnose('celery@web ready.\n2026-11-30 10:00:00,000 INFO started\n').healthy).toBeNull()
    let seed = 7
    const junk = Uint8Array.from({ length: 100_000 }, () => (seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648) >>> 16)
    expect([says(diagnose(junk)), diagnose(junk).healthy]).toEqual([[], null])
    expect(says(diagnose(Buffer.concat([Buffer.from(`${timeout.join('\n')}\n`), junk, Buffer.from(`\n${timeout.join('\n')}`)])))).toEqual([
      'worker-timeout',
    ])
  })

  test('a line without end takes no memory, and hides no other', () => {
    expect(says(diagnose(`${'x'.repeat(3_000_000)}\n${timeout.join('\n')}`, {}, 65_536))).toEqual(['worker-timeout'])
  })

  test('healthy stops', () => {
    for (const message of ['Worker (pid:8) was sent SIGTERM!', 'Worker with pid 8 was terminated due to signal 15'])
      expect(
        diagnose(
          [...boot(), line(5, 7, 'INFO', 'Handling signal: term'), line(5, 7, 'ERROR', message),
            line(6, 7, 'INFO', 'Shutting down: Master')].join('\n'),
        ).healthy,
      ).toBe(true)
  })
})

test('a record of JSON brings its traceback along', () => {
  const record = (message: string, more: object = {}): string =>
    JSON.stringify({ time: '2026-11-30T10:00:00Z', severity: 'error', logger: 'gunicorn.error', pid: 8, message, ...more })
  const raised = ['Traceback (most recent call last):',
    '  File "/usr/lib/python3/site-packages/gunicorn/arbiter.py", line 608, in spawn_worker', '    worker.init_process()',
    '  File "/usr/lib/python3/site-packages/gunicorn/util.py", line 370, in import_app', '    mod = importlib.import_module(module)',
    '  File "/srv/app/shop.py", line 1, in <module>', '    import flask', "ModuleNotFoundError: No module named 'flask'"].join('\n')
  const { conclusions } = diagnose(
    [record('Starting gunicorn 23.0.0', { pid: 7 }), record('Booting worker with pid: 8'),
      record('Exception in worker process', { exc_info: raised })].join('\n'),
  )
  expect(conclusions.map(({ id, summary }) => [id, summary])).toEqual([['application-import-failed', expect.stringContaining("'flask'")]])
})

describe('what takes more than a process to bring about', () => {
  const raised = (message: string): readonly string[] => [
    ...boot().slice(0, 3),
    line(1, 7, 'ERROR', 'Unhandled exception in main loop'),
    'Traceback (most recent call last):',
    '  File "/usr/lib/python3/site-packages/gunicorn/arbiter.py", line 202, in run',
    '    self.manage_workers()',
    '  File "/usr/lib/python3/tempfile.py", line 230, in _get_default_tempdir',
    '    raise FileNotFoundError(',
    message,
  ]

  test('a file system that cannot be written to', () => {
    const folder = diagnose(
      raised("FileNotFoundError: [Errno 2] No usable temporary directory found in ['/tmp', '/var/tmp', '/usr/tmp', '/srv/app']").join('\n'),
    )
    expect([says(folder), folder.conclusions[0]?.advice[0]?.setting]).toEqual([['read-only-file-system'], 'worker_tmp_dir'])
    const socket = diagnose(
      [...boot(), line(1, 7, 'ERROR', "Control server error: [Errno 30] Read-only file system: '/root/.gunicorn'")].join('\n'),
    )
    expect(says(socket)).toEqual(['read-only-file-system'])
    // What the application is refused is its own affair.
    const own = [...boot(), line(1, 8, 'ERROR', 'Error handling request /upload'), 'Traceback (most recent call last):',
      '  File "/srv/app/shop.py", line 3, in app', "OSError: [Errno 30] Read-only file system: '/srv/app/x'"]
    expect(diagnose(own.join('\n')).healthy).toBe(true)
  })

  test('a command that goes into the background leaves no log', () => {
    expect(says(diagnose('', { daemon: true }))).toEqual(['daemonized'])
  })

  test('what the kernel kills again and again', () => {
    const killed = [10, 100, 200].flatMap((second,
      index) => [line(second, 7, 'ERROR', `Worker (pid:${8 + index}) was sent SIGKILL! Perhaps out of memory?`),
      line(second, 9 + index, 'INFO', `Booting worker with pid: ${9 + index}`)]
    )
    const diagnosis = diagnose([...boot(), ...killed].join('\n'))
    expect(diagnosis.conclusions.map(({ id, confidence }) => [id, confidence])).toEqual([['worker-killed', 'certain'], ['out-of-memory',
      'likely']])
  })
})

describe('requests', () => {
  const access = (second: number, path: string, duration: number, status = 200, agent = 'curl'): string => {
    const time = new Date(Date.parse('2026-11-30T10:00:00Z') + second * 1000).toISOString().slice(11, 19)
    return `[10.0.0.1] - - [30/Nov/2026:${time} +0000] "GET ${path} HTTP/1.1" ${status} ${Math.round(duration * 1e6)} 2 "-" "${agent}"`
  }
  const sync: Partial<Circumstances> = { workers: 1, workerClass: 'sync', threads: 1 }

  test('long ones that hold the only worker, and short ones that wait for them', () => {
    const log = Array.from({ length: 20 },
      (_,
        index) => [access(2 * index + 2, '/report?week=1', 2), access(2 * index + 2, '/static/a.css', 0.001),
        access(2 * index + 2, '/static/b.js', 0.001)]).flat()
    const diagnosis = diagnose(log.join('\n'), sync)
    expect(says(diagnosis)).toEqual(['saturated-workers', 'waiting-requests', 'slow-requests'])
    expect(diagnosis.conclusions.map(({ advice }) => advice.map(({ setting, value }) => [setting, value]))).toEqual(
      Array.from({ length: 3 }, () => [['workers', 4], ['worker_class', 'gevent'], ['threads', 4], [null, null]]),
    )
    expect(diagnosis.requests).toMatchObject({ count: 60,
      slowest: [{ path: '/report', count: 20 }, { path: expect.any(String) }, { path: expect.any(String) }] })
    expect(diagnosis.requests?.busy).toBeGreaterThan(0.9)
    expect(diagnosis.requests?.waited).toBeGreaterThan(30)
    expect(diagnosis.requests?.p50).toBeCloseTo(0.001, 4)
    expect(diagnosis.requests?.p95).toBeCloseTo(2, 1)
  })

  test('busy, but fine', () => {
    const log = Array.from({ length: 600 }, (_, index) => access(index / 10, `/page/${index % 7}`, 0.05))
    expect([diagnose(log.join('\n'), sync).healthy, says(diagnose(log.join('\n'), sync))]).toEqual([true, []])
    expect(diagnose(log.join('\n'), sync).requests?.busy).toBeCloseTo(0.5, 1)
  })

  test('where requests fail, and where a clock was set, the time is none', () => {
    const log = [...boot(), access(1, '/', 0.01), line(2, 8, 'ERROR', 'Error handling request /orders'),
      'Traceback (most recent call last):', '  File "/srv/app/shop.py", line 1, in app', 'ValueError: no',
      access(2, '/orders', 0.000003, 500), access(3, '/', 82_800)]
    expect(diagnose(log.join('\n'), sync).requests).toMatchObject({ count: 3, p50: expect.closeTo(0.01, 3), p99: expect.closeTo(0.01, 3) })
    const back = Array.from({ length: 100 }, (_, index) => access(index < 50 ? index : index - 3600, '/report', 1))
    expect(says(diagnose(back.join('\n'), sync))).toEqual([])
  })

  const one = (format: string, text: string): unknown => {
    const { requests } = diagnose(text, { accessLogFormat: format })
    return requests && [requests.count, requests.p50, ...requests.slowest.map(({ path }) => path)]
  }
  test.each([
    ['%(h)s %(t)s "%(r)s" %(s)s %(L)s', '::1 [30/Nov/2026:10:00:00 +0000] "GET /a?b HTTP/1.1" 200 1.005418', '/a'],
    ['{"ip":"%(h)s","request":"%(r)s","status":%(s)s,"us":%(D)s,"agent":"%(a)s"}',
      '{"ip":"1.2.3.4","request":"GET /a HTTP/1.1","status":200,"us":1005418,"agent":"x\\"}', '/a'],
    ['%(m)s %(U)s%(q)s %(s)s %(M)sms pid=%(p)s', 'GET /a 200 1005ms pid=<17>', undefined],
    ['%(s)s %(T)s "%(a)s" "%(r)s"', '200 1 "he says \\"200\\" and more" "GET /a HTTP/1.1"', '/a'],
    ['%(t)s %(D)s %(s)s "%(a)s" "%({x-forwarded-for}i)s" "%(r)s"', '[30/Nov/2026:10:00:00 +0200] 1005418 200 "a\\" "-" "GET /a HTTP/1.1"',
      '/a'],
    ['%a %t "%r" %s %Tf', '1.2.3.4 [30/Nov/2026:10:00:00 +0000] "GET /a HTTP/1.1" 200 1.005418', '/a'],
  ])('%s', (format, text, path) => {
    const [count, p50, ...paths] = one(format, text) as [number, number, ...string[]]
    expect([count, Math.round(p50 * 10) / 10, paths[0]]).toEqual([1, 1, path])
  })

  test("uvicorn's and aiohttp's own lines have no time", () => {
    expect(one('%(D)s', '10.0.0.1:51234 - "GET /a HTTP/1.1" 200')).toEqual([1, null])
    expect(one('%(D)s', '10.0.0.1 [30/Nov/2026:10:00:00 +0000] "GET /a HTTP/1.1" 200 150 "-" "curl"')).toEqual([1, null])
  })
})

test('what is asked of the wording is in it', async () => {
  const texts = new Set(wording.messages.map(({ text }) => text))
  const { readFileSync } = await import('node:fs')
  const asked = [...readFileSync(new URL('../../src/logs/story.ts', import.meta.url), 'utf8').matchAll(/case (['"])(.*?)\1:/g)].map((
    [, , text = ''],
  ) => text)
  expect(asked.length).toBeGreaterThan(20)
  expect(asked.filter((text) => !texts.has(text))).toEqual([])
})
