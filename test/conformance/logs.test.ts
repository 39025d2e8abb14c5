/** What `diagnose` says of real gunicorns that were brought into a state. */
import { createServer, connect, type AddressInfo } from 'node:net'
import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect } from '@jest/globals'
import { diagnosisOf } from '../../src/logs/diagnose.ts'
import { Diagnosing } from '../../src/logs/diagnosing.ts'
import type { Diagnosis } from '../../src/logs/diagnosis.ts'
import { recognise } from '../../src/logs/wording.ts'
import { logOf, type LogRun, type Started } from './log-runs.ts'
import { realTest } from './real.ts'

const shop = `
import os, sys, time, traceback
def app(environ, start_response):
    path = environ['PATH_INFO']
    if path.startswith('/sleep/'):
        print('sleeping', flush=True)
        time.sleep(float(path.split('/')[2]))
    elif path == '/error':
        raise ValueError('broken order')
    elif path == '/trace':
        try:
            raise KeyError('x')
        except KeyError:
            traceback.print_exc()
    elif path == '/print':
        print('Error: the order is broken\\nWORKER TIMEOUT (pid:1)')
    elif path == '/kill':
        os.kill(os.getpid(), 9)
    elif path == '/crash':
        os.kill(os.getpid(), 11)
    start_response({'/missing': '404 Not Found', '/500': '500 Broken'}.get(path, '200 OK'), [('Content-Length', '2')])
    return [b'ok']
`

const format = '[%(h)s] %({request_id}i)s %(u)s %(t)s "%(r)s" %(s)s %(D)s %(b)s "%(f)s" "%(a)s"'
const serving = ['-b', '127.0.0.1:PORT', '--access-logfile', '-', '--access-logformat', format, 'shop:app']

type Case = Omit<LogRun, 'release' | 'files'> & { readonly files?: LogRun['files']; readonly says: readonly string[];
  readonly first?: string }

const get = (...paths: readonly string[]) => async (gunicorn: Started): Promise<void> => {
  for (const path of paths) await gunicorn.get(path, { 'user-agent': '[2026-11-30 16:17:44 +0000] [7] [CRITICAL] WORKER TIMEOUT (pid:8)' })
}

const fails = { boots: false, stop: null } as const

/** What is said, beside routine-restart; nothing of what is healthy. */
const states: Readonly<Record<string, Case>> = {
  'nothing to do': { args: serving, says: [] },
  'answers, 4xx, 5xx, exceptions, tracebacks and prints of its own': { args: ['-w', '2', ...serving],
    drive: get('/', '/missing', '/500', '/error', '/trace', '/print', '/'), says: [] },
  'requests of half a second': { args: ['-w', '2', ...serving],
    drive: async (gunicorn) => void (await Promise.all(['/sleep/0.5', '/sleep/0.3', '/', '/'].map((path) => gunicorn.get(path)))),
    says: [] },
  'workers renewed by max_requests': { args: ['--max-requests', '2', ...serving], drive: async (gunicorn) => {
    for (let count = 0; count < 6; count++) await gunicorn.get('/').then(() => wait(150))
  }, says: [] },
  'a reload': { args: ['-w', '2', ...serving], drive: async (gunicorn) => {
    await gunicorn.get('/')
    gunicorn.signal('SIGHUP')
    await gunicorn.until('Booting worker', 4)
    await wait(500)
    await gunicorn.get('/')
  }, says: [] },
  'more workers, and fewer': { args: serving, drive: async (gunicorn) => {
    gunicorn.signal('SIGTTIN')
    await gunicorn.until('Booting worker', 2)
    gunicorn.signal('SIGTTOU')
    await wait(1000)
  }, says: [] },
  'a stop by SIGINT': { args: serving, stop: 'SIGINT', says: [] },
  'a stop of the whole group': {
    args: ['-w', '2', ...serving],
    drive: async (gunicorn) => {
      await gunicorn.until('Booting worker', 2)
      await wait(500)
      for (const [, pid] of gunicorn.log().matchAll(/Booting worker with pid: (\d+)/g)) process.kill(Number(pid), 'SIGTERM')
    },
    says: [],
  },
  'a request that gunicorn refuses': {
    args: serving,
    drive: async (gunicorn) => {
      const socket = connect(gunicorn.port, '127.0.0.1', () => socket.end('NONSENSE\r\n\r\n'))
      socket.on('error', () => {}).resume()
      await once(socket, 'close')
    },
    says: [],
  },
  'a request that takes too long': { args: ['-t', '1', ...serving], drive: get('/sleep/4', '/'), says: ['worker-timeout'],
    first: 'worker_class' },
  'killed from outside': { args: serving, drive: async (gunicorn) => {
    await gunicorn.get('/kill')
    await gunicorn.until('Booting worker', 2)
    await wait(300)
  }, says: ['worker-killed', 'out-of-memory'] },
  'a crash': { args: serving, drive: async (gunicorn) => {
    await gunicorn.get('/crash')
    await gunicorn.until('Booting worker', 2)
    await wait(300)
  }, says: ['worker-killed'] },
  'no gevent': { args: ['-k', 'gevent', ...serving], ...fails, says: ['worker-class-missing'] },
  'no tornado': { args: ['-k', 'tornado', ...serving], ...fails, says: ['worker-class-missing'] },
  'no uvicorn': { args: ['-k', 'uvicorn_worker.UvicornWorker', ...serving], ...fails, says: ['worker-class-missing'] },
  'a class that there is not': { args: ['-k', 'threads', ...serving], ...fails, says: ['worker-class-missing'] },
  'a module that is missing': { args: serving, files: { 'shop.py': 'import flask\n' }, ...fails, says: ['application-import-failed'] },
  'a module that is missing, with four workers': { args: ['-w', '4', ...serving], files: { 'shop.py': 'import flask\n' }, ...fails,
    says: ['application-import-failed'] },
  'a module that is missing, with --preload': { args: ['--preload', ...serving], files: { 'shop.py': 'import flask\n' }, ...fails,
    says: ['application-import-failed'] },
  'a syntax error': { args: serving, files: { 'shop.py': 'def app(:\n' }, ...fails, says: ['application-import-failed'] },
  'an application that fails while it is imported': { args: serving, files: { 'shop.py': 'raise RuntimeError("no DATABASE_URL")\n' },
    ...fails, says: ['application-import-failed'] },
  'no such module': { args: ['-b', '127.0.0.1:PORT', 'nosuch:app'], ...fails, says: ['application-not-found'] },
  'no such variable': { args: ['-b', '127.0.0.1:PORT', 'shop:nosuch'], ...fails, says: ['application-not-found'] },
  'a file for a module': { args: ['-b', '127.0.0.1:PORT', 'shop.py'], ...fails, says: ['application-not-found'] },
  'no application': { args: ['-b', '127.0.0.1:PORT'], ...fails, says: ['application-not-found'] },
  'an address of others': { args: ['-b', '10.255.1.2:PORT', 'shop:app'], ...fails, says: ['invalid-address'], first: 'bind' },
  'a port that is none': { args: ['-b', '127.0.0.1:$PORT', 'shop:app'], env: {}, ...fails, says: ['invalid-address'], first: 'bind' },
  'an option that there is not': { args: ['--port', '80', 'shop:app'], ...fails, says: ['configuration-refused'] },
  'a number that is none': { args: ['-w', 'auto', ...serving], ...fails, says: ['configuration-refused'] },
  'a number below zero': { args: ['-w', '-1', ...serving], ...fails, says: ['configuration-refused'] },
  'no config file': { args: ['-c', 'nosuch.py', ...serving], ...fails, says: ['configuration-refused'] },
  'a config file with a mistake': { args: ['-c', 'c.py', ...serving], files: { 'shop.py': shop, 'c.py': 'workers = (\n' }, ...fails,
    says: ['configuration-refused'] },
  'WEB_CONCURRENCY that is no number': { args: serving, env: { WEB_CONCURRENCY: 'auto' }, ...fails, says: ['configuration-refused'] },
  'a log that cannot be written': { args: ['--error-logfile', '/nosuch/error.log', ...serving], ...fails, says: ['configuration-refused'] },
  'no folder for heartbeats': { args: ['--worker-tmp-dir', '/proc/nosuch', ...serving], ...fails, says: ['configuration-refused'] },
  'an application that ends its worker while it is imported': { args: serving, files: { 'shop.py': 'import sys\nsys.exit(1)\n' },
    drive: async (gunicorn) => gunicorn.until('Booting worker', 4), says: ['boot-loop'] },
}

/** A stop that gunicorn loses patience with: what is said of it is told by the command. */
const stopped: Case = { args: ['--graceful-timeout', '2', ...serving], drive: async (gunicorn) => {
  void gunicorn.get('/sleep/8')
  await gunicorn.until('sleeping')
  await wait(1100)
}, says: ['forced-restart'] }

function diagnose(log: string, gracefulTimeout?: number): Diagnosis {
  const reading = new Diagnosing({ isKnown: gracefulTimeout !== undefined, gracefulTimeout })
  // In pieces of any size.
  const bytes = Buffer.from(log)
  for (let at = 0; at < bytes.length; at += 1009) reading.push(bytes.subarray(at, at + 1009))
  reading.end()
  return diagnosisOf(reading)
}

const said = ({ conclusions, healthy }: Diagnosis): object => ({
  says: conclusions.map(({ id }) => id).filter((id) => id !== 'routine-restart'),
  healthy,
})

/** Runs side by side, as most of their time is waiting. */
async function runAll(release: string): Promise<ReadonlyMap<string, Diagnosis>> {
  const results = new Map<string, Diagnosis>()
  const left = Object.entries(states).values()
  const work = async (): Promise<void> => {
    for (const [name, { says: _, first: __, files = { 'shop.py': shop }, ...one }] of left)
      results.set(name, diagnose((await logOf({ release, files, ...one })).log))
  }
  await Promise.all([work(), work(), work(), work()])
  return results
}

describe.each(['20.1.0', '21.2.0', '23.0.0', '25.3.0', '27.0.1'])('gunicorn %s', (release) => {
  realTest('each state is named for what it is, and what is healthy is called so', undefined, async () => {
    const results = await runAll(release)
    expect(Object.fromEntries([...results].map(([name, diagnosis]) => [name, said(diagnosis)])))
      .toEqual(Object.fromEntries(Object.entries(states).map(([name, { says }]) => [name, { says, healthy: says.length === 0 }])))
    const advised = Object.entries(states).flatMap((
      [name, { first }],
    ) => (first === undefined ? [] : [[name, results.get(name)?.conclusions[0]?.advice[0]?.setting, first]]))
    expect(advised.map(([, setting]) => setting)).toEqual(advised.map(([, , first]) => first))
    expect([...results.values()].flatMap(({ releases }) => releases).every((name) => name === release)).toBe(true)
  })

  realTest('a port that is taken', undefined, async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { log } = await logOf({ release, files: { 'shop.py': shop },
      args: ['-b', `127.0.0.1:${(server.address() as AddressInfo).port}`, 'shop:app'], ...fails })
    server.close()
    expect(said(diagnose(log))).toEqual({ says: ['port-in-use'], healthy: false })
  })

  realTest('a stop that takes too long', undefined, async () => {
    const { says: _, ...one } = stopped
    const { log } = await logOf({ release, files: { 'shop.py': shop }, ...one })
    expect(said(diagnose(log, 2))).toEqual({ says: ['forced-restart'], healthy: false })
  })

  realTest('a connection on which nothing comes', undefined, async () => {
    const { log } = await logOf({
      release,
      files: { 'shop.py': shop },
      args: ['-t', '1', ...serving],
      drive: async (gunicorn) => {
        const socket = connect(gunicorn.port, '127.0.0.1')
        socket.on('error', () => {})
        await gunicorn.until('WORKER TIMEOUT')
        await gunicorn.until('Booting worker', 2)
        socket.destroy()
      },
    })
    // Up to 21.2 nothing says at what it was.
    expect(said(diagnose(log))).toEqual({ says: /^2[01]/.test(release) ? ['worker-timeout'] : ['worker-timeout', 'silent-worker'],
      healthy: false })
  })

  realTest('all that it logs is in the wording of its release', undefined, async () => {
    const { log } = await logOf({ release, files: { 'shop.py': shop }, args: ['--log-level', 'debug', '-w', '2', ...serving],
      drive: get('/', '/error') })
    const messages = [...log.matchAll(/^\[[^\]]+\] \[\d+\] \[[A-Z]+\] (.*)$/gm)].map(([, message = '']) => message)
    expect(messages.length).toBeGreaterThan(5)
    // What the application is asked for is logged as it is, and so is a number of workers.
    expect(messages.filter((message) => recognise(message) === undefined && !/^(?:GET |\d+ workers$)/.test(message))).toEqual([])
  })
})
