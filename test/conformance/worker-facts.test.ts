/** What the worker classes make of settings, and what they need, asked of real releases and distributions. */
import { describe, expect } from '@jest/globals'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { installDistributions, installGunicorn, isolated, pathOnly } from '../../scripts/gunicorn-release.ts'
import { familyOf } from '../../src/gunicorn/worker-facts.ts'
import { preset } from '../../src/policy/presets.ts'
import { realTest } from './real.ts'

const start =
  'import sys; n = int(sys.argv[1]); sys.path[:0] = sys.argv[2:2 + n] + ["."]; sys.argv = ["gunicorn", *sys.argv[2 + n:]]; from gunicorn.app.wsgiapp import run; run()'

/** Applications of each kind: a request for /slow takes three seconds, in which an event loop goes on. */
const application = `
import time
def wsgi(environ, start_response):
    if environ["PATH_INFO"] == "/slow": time.sleep(3)
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]
async def asgi(scope, receive, send):
    import asyncio
    if scope["type"] != "http": return
    if scope["path"] == "/slow": await asyncio.sleep(3)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"ok"})
def make():
    from aiohttp import web
    async def answer(request): return web.Response(text="ok")
    made = web.Application()
    made.router.add_get("/", answer)
    return made
`

interface Started {
  readonly release: string
  readonly distributions?: readonly string[]
  /** Nothing but gunicorn itself is taken from the release's folder. */
  readonly bare?: boolean
  readonly args: readonly string[]
}

/** Starts gunicorn, asks for a path where it comes up, and ends it: what it wrote, its status where it ended by itself, and the answer. */
async function run({ release, distributions = [], bare, args }: Started,
  path = '/'): Promise<{ readonly output: string; readonly status: number | null; readonly answer: string }> {
  const { folder, python } = await installGunicorn(release)
  const work = mkdtempSync(join(tmpdir(), 'paddock-workers-'))
  writeFileSync(join(work, 'app.py'), application)
  mkdirSync(join(work, 'bare'))
  symlinkSync(join(folder, 'gunicorn'), join(work, 'bare', 'gunicorn'))
  const folders = [bare ? join(work, 'bare') : folder,
    ...(distributions.length > 0 ? [await installDistributions(python, distributions)] : [])]
  const words = [...isolated, '-W', 'ignore', '-c', start, String(folders.length), ...folders, '-b', 'unix:socket', ...args]
  const child = spawn(python, words, { cwd: work, env: { ...pathOnly(), HOME: work }, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => void (output += chunk.toString()))
  const ended = once(child, 'close')
  try {
    const answer = await Promise.race([ask(join(work, 'socket'), path, () => child.exitCode !== null), ended.then(() => '')])
    // Without an answer it is about to end, as a worker that does not boot ends it.
    if (answer === '' && !path.startsWith('/slow'))
      await Promise.race([ended, new Promise((resolve) => {
        setTimeout(resolve, 10_000).unref()
      })])
    const status = child.exitCode
    child.kill('SIGTERM')
    await ended
    return { output, status, answer }
  } finally {
    child.kill('SIGKILL')
    rmSync(work, { recursive: true, force: true })
  }
}

/** The first line of the answer, '' where there is none. */
async function ask(socketPath: string, path: string, hasEnded: () => boolean): Promise<string> {
  for (;;) {
    const answer = existsSync(socketPath) ? await answerOf(socketPath, path) : undefined
    // It is there before anybody listens at it.
    if (answer !== undefined || hasEnded()) return answer ?? ''
    await new Promise((resolve) => {
      setTimeout(resolve, 25)
    })
  }
}

/** Undefined where nobody listens. */
function answerOf(socketPath: string, path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect(socketPath)
    let answer = ''
    let isConnected = false
    socket.on('connect', () => {
      isConnected = true
    })
    socket.on('data', (chunk: Buffer) => void (answer += chunk.toString()))
    // Who is killed in between closes it in his own way.
    socket.on('error', () => undefined)
    socket.on('close', () => resolve(isConnected ? (answer.split('\r\n')[0] ?? '') : undefined))
    socket.write(`GET ${path} HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n`)
  })
}

const format = String(preset('blueking')?.defaults['access_log_format'])
const ok = expect.stringContaining('200')

describe('the access log format', () => {
  for (const release of ['23.0.0', '27.0.1']) {
    realTest(`${release}: aiohttp's worker ends at start for gunicorn's own, and takes its own`, undefined, async () => {
      const aiohttp = { release, distributions: ['aiohttp==3.14.5'],
        args: ['-k', 'aiohttp.GunicornWebWorker', '--access-logfile', '-', 'app:make()'] }
      expect(await run({ ...aiohttp, args: ['--access-logformat', format, ...aiohttp.args] })).toMatchObject({ status: 3,
        output: expect.stringContaining('Worker failed to boot') })
      const instead = familyOf('aiohttp.GunicornWebWorker')?.refuses['access_log_format']?.instead ?? ''
      expect(await run({ ...aiohttp, args: ['--access-logformat', instead, ...aiohttp.args] })).toMatchObject({ status: null, answer: ok })
      expect(await run(aiohttp)).toMatchObject({ status: null, answer: ok })
    })

    for (const [name, distributions, args] of [
      ['uvicorn', ['uvicorn==0.54.0', 'uvicorn-worker==0.4.0'], ['-k', 'uvicorn_worker.UvicornWorker', 'app:asgi']],
      ['tornado', ['tornado==6.6.1'], ['-k', 'tornado', 'app:wsgi']],
    ] as const)
      realTest(`${release}: ${name}'s worker passes over it`, undefined, async () => {
        const { output, answer } = await run({ release, distributions,
          args: ['--access-logfile', '-', '--access-logformat', 'told %(h)s', ...args] })
        expect(answer).toEqual(ok)
        expect(output).not.toContain('told')
      })
  }
})

describe('what is needed besides', () => {
  for (const release of ['23.0.0', '27.0.1'])
    realTest(`${release}: packaging for the gevent worker`, undefined, async () => {
      const args = ['-k', 'gevent', 'app:wsgi']
      expect(await run({ release, distributions: ['gevent==26.9.0'], args })).toMatchObject({ status: 1,
        output: expect.stringContaining("No module named 'packaging'") })
      expect(await run({ release, distributions: ['gevent==26.9.0', 'packaging'], args })).toMatchObject({ status: null, answer: ok })
    })

  realTest('h2 from 27.0 on', undefined, async () => {
    const args = ['--http-protocols', 'h2,h1', 'app:wsgi']
    expect(await run({ release: '27.0.1', bare: true, args })).toMatchObject({ status: 1,
      output: expect.stringContaining('the h2 package is not installed') })
    expect(await run({ release: '26.2.0', bare: true, args })).toMatchObject({ status: null, answer: ok })
  })

  realTest('setuptools below 82 up to 20.1', undefined, async () => {
    expect(await run({ release: '20.1.0', bare: true, distributions: ['setuptools==84.2.1'], args: ['app:wsgi'] }))
      .toMatchObject({ status: 1, output: expect.stringContaining("No module named 'pkg_resources'") })
    expect(await run({ release: '20.1.0', bare: true, distributions: ['setuptools<82'], args: ['app:wsgi'] })).toMatchObject({ answer: ok })
  })

  realTest('a sanic that has a worker', undefined, async () => {
    expect(
      (await run({ release: '23.0.0', distributions: ['sanic==25.12.1'], args: ['-k', 'sanic.worker.GunicornWorker', 'app:wsgi'] })).status,
    ).toBe(255)
  })
})

describe('a request that takes longer than the timeout', () => {
  for (const [release, answer] of [['21.2.0', ''], ['23.0.0', '500'], ['27.0.1', '500']] as const)
    realTest(`${release}: the sync worker ends it`, undefined, async () => {
      expect((await run({ release, args: ['-t', '1', 'app:wsgi'] }, '/slow')).answer).toEqual(
        answer === '' ? '' : expect.stringContaining(answer),
      )
    })

  for (const workerClass of ['gthread', 'gevent'])
    realTest(`the ${workerClass} worker answers it`, undefined, async () => {
      expect(familyOf(workerClass)?.timeout).toBe('worker')
      const started = { release: '23.0.0', distributions: ['gevent==26.9.0', 'packaging'],
        args: ['-t', '2', '-k', workerClass, 'app:wsgi'] }
      expect((await run(started, '/slow')).answer).toEqual(ok)
    })
})
