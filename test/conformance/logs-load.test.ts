/** What `diagnose` says of real gunicorns under load, and whether its advice holds; and of worker classes whose loop is blocked. */
import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect } from '@jest/globals'
import { diagnosisOf } from '../../src/logs/diagnose.ts'
import { Diagnosing } from '../../src/logs/diagnosing.ts'
import type { Diagnosis } from '../../src/logs/diagnosis.ts'
import type { Circumstances } from '../../src/logs/circumstances.ts'
import { logOf, type Started } from './log-runs.ts'
import { realTest } from './real.ts'

const shop = `
import time
def app(environ, start_response):
    time.sleep({'/report': 2, '/page': 0.05}.get(environ['PATH_INFO'], 0))
    start_response('200 OK', [('Content-Length', '2')])
    return [b'ok']
`

const format = '[%(h)s] %({request_id}i)s %(u)s %(t)s "%(r)s" %(s)s %(D)s %(b)s "%(f)s" "%(a)s"'
const serving = ['-b', '127.0.0.1:PORT', '--access-logfile', '-', '--access-logformat', format, 'shop:app']

function diagnose(log: string, circumstances: Partial<Circumstances> = {}): Diagnosis {
  const reading = new Diagnosing({ isKnown: true, accessLogFormat: format, ...circumstances })
  reading.push(Buffer.from(log))
  reading.end()
  return diagnosisOf(reading)
}

const said = ({ conclusions }: Diagnosis): readonly string[] => conclusions.map(({ id }) => id).filter((id) => id !== 'routine-restart')

/** Three people ask for reports of two seconds, one after the other; a fourth one's browser loads files. */
async function reports(gunicorn: Started): Promise<void> {
  const files: Promise<number>[] = []
  const person = async (): Promise<void> => {
    for (let count = 0; count < 5; count++) await gunicorn.get('/report').then(() => wait(100))
  }
  const people = [person(), person(), person()]
  const state = { isDone: false }
  void Promise.all(people).then(() => (state.isDone = true))
  while (!state.isDone) {
    files.push(gunicorn.get('/static/a.css'))
    await wait(400)
  }
  await Promise.all(files)
}

async function pages(gunicorn: Started): Promise<void> {
  const asked: Promise<number>[] = []
  for (let count = 0; count < 150; count++) {
    asked.push(gunicorn.get('/page'))
    await wait(60)
  }
  await Promise.all(asked)
}

describe.each(['23.0.0', '27.0.1'])('gunicorn %s', (release) => {
  const measured = async (args: readonly string[], drive: (gunicorn: Started) => Promise<void>, circumstances?: Partial<Circumstances>,
    distributions: readonly string[] = []): Promise<Diagnosis> =>
    diagnose((await logOf({ release, files: { 'shop.py': shop }, args: [...args, ...serving], drive, distributions })).log, circumstances)

  realTest('long requests that hold up short ones; each of its advice, followed', undefined, async () => {
    const before = await measured([], reports)
    expect(said(before)).toEqual(['saturated-workers', 'waiting-requests', 'slow-requests'])
    expect(before.conclusions[0]?.advice.map(({ setting, value }) => [setting, value])).toEqual([['workers', 4], ['worker_class', 'gevent'],
      ['threads', 4], [null, null]])
    expect(before.requests?.busy).toBeGreaterThan(0.8)
    const after = await Promise.all([
      measured(['-w', '4'], reports),
      measured(['--threads', '4'], reports, { threads: 4 }),
      measured(['-k', 'gevent'], reports, {}, ['gevent==26.9.0,packaging']),
    ])
    // The reports are as slow as before, where that is a fault at all; nobody waits for them.
    for (const diagnosis of after) expect(said(diagnosis).filter((id) => id !== 'slow-requests')).toEqual([])
    expect(after.map(({ requests }) => requests?.waited ?? 0)).toEqual([0, 0, 0])
  })

  realTest('busy, but fine', undefined, async () => {
    const { healthy, requests } = await measured(['-w', '2'], pages)
    expect([healthy, requests?.count]).toEqual([true, 150])
  })

  const spinning =
    'import time\ndef app(environ, start_response):\n    if environ["PATH_INFO"] == "/spin":\n        end = time.monotonic() + 6\n        while time.monotonic() < end: pass\n    start_response("200 OK", [("Content-Length", "2")])\n    return [b"ok"]\n'
  const asgi =
    "import time\nasync def app(scope, receive, send):\n    if scope['type'] != 'http': return\n    if scope['path'] == '/spin': time.sleep(6)\n    await send({'type': 'http.response.start', 'status': 200, 'headers': [(b'content-length', b'2')]})\n    await send({'type': 'http.response.body', 'body': b'ok'})\n"
  const blocked: readonly (readonly [string, string, readonly string[]])[] = [
    ['gevent', spinning, ['gevent==26.9.0,packaging']],
    ['uvicorn_worker.UvicornWorker', asgi, ['uvicorn==0.54.0,uvicorn-worker==0.4.0']],
    ...(release === '23.0.0' ? [] : [['asgi', asgi, []] as const]),
  ]
  for (const [workerClass, text, distributions] of blocked)
    realTest(`the blocked loop of ${workerClass} is no lack of memory`, undefined, async () => {
      const { log } = await logOf({
        release,
        files: { 'shop.py': text },
        args: ['-k', workerClass, '-t', '3', ...serving],
        distributions,
        drive: async (gunicorn) => {
          await wait(1000)
          await gunicorn.get('/')
          await gunicorn.get('/spin')
          await gunicorn.until('Booting worker', 2)
          // One that still boots may lose the order to end, and is killed once its time is over: that would be said, too.
          await gunicorn.get('/')
        },
      })
      expect(said(diagnose(log))).toEqual(['worker-timeout', 'silent-worker'])
    })
})
