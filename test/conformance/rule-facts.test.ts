/** What rules say that gunicorn does, asked of real releases. */
import { describe, expect } from '@jest/globals'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { installGunicorn, isolated, pathOnly } from '../../scripts/gunicorn-release.ts'
import { releases } from '../../src/gunicorn/catalogue.ts'
import { oldestWorking } from '../../src/gunicorn/worker-classes.ts'
import { realTest } from './real.ts'

const start =
  'import sys; sys.path.insert(0, sys.argv[1]); sys.path.insert(0, "."); sys.argv = ["gunicorn", *sys.argv[2:]]; from gunicorn.app.wsgiapp import run; run()'

/** Starts a release in a folder with an application; ends it where `until` has resolved, or waits for its end. */
async function run(release: string, args: readonly string[], until?: (folder: string, hasEnded: () => boolean) => Promise<void>): Promise<
  { readonly output: string; readonly status: number | null }
> {
  const { folder, python } = await installGunicorn(release)
  const work = mkdtempSync(join(tmpdir(), 'paddock-facts-'))
  writeFileSync(join(work, 'app.py'),
    'def app(environ, start_response):\n    start_response("200 OK", [("Content-Length", "2")])\n    return [b"ok"]\n')
  const child = spawn(python, [...isolated, '-W', 'ignore', '-c', start, folder, ...args, 'app:app'], { cwd: work, env: pathOnly(),
    stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => void (output += chunk.toString()))
  const ended = once(child, 'close')
  try {
    if (until) await until(work, () => child.exitCode !== null)
    if (until) child.kill('SIGTERM')
    await ended
    return { output, status: child.exitCode }
  } finally {
    child.kill('SIGKILL')
    rmSync(work, { recursive: true, force: true })
  }
}

/** Sends a request to the socket of a folder, once somebody listens there: the file is there a moment before. */
async function request(folder: string, headers: string, hasEnded: () => boolean): Promise<void> {
  const socket = await connected(join(folder, 'socket'), hasEnded)
  socket.write(`GET / HTTP/1.1\r\nHost: shop\r\n${headers}Connection: close\r\n\r\n`)
  socket.resume()
  await once(socket, 'close')
}

async function connected(path: string, hasEnded: () => boolean): Promise<Socket> {
  for (;;) {
    const socket = connect(path)
    try {
      await once(socket, 'connect')
      return socket
    } catch (error) {
      if (hasEnded()) throw error
    }
    await new Promise((resolve) => {
      setTimeout(resolve, 25)
    })
  }
}

describe('dropped-log-header', () => {
  const args = ['-b', 'unix:socket', '--access-logfile', '-', '--access-logformat', 'told %({request_id}i)s %({x-request-id}i)s']
  const send = (folder: string, hasEnded: () => boolean): Promise<void> =>
    request(folder, 'request_id: one\r\nX-Request-Id: two\r\n', hasEnded)

  for (const [release = '', line = ''] of [['21.2.0', 'told one two'], ['22.0.0', 'told - two'], ['27.0.1', 'told - two']])
    realTest(release, undefined, async () => {
      expect((await run(release, args, send)).output).toContain(line)
    })

  realTest('it is let pass where the setting says so', undefined, async () => {
    expect((await run('23.0.0', [...args, '--header-map', 'dangerous'], send)).output).toContain('told one two')
    expect((await run('23.0.0', [...args, '--forwarder-headers', 'REQUEST_ID', '--forwarded-allow-ips', '*'], send)).output).toContain(
      'told one two',
    )
  })
})

describe('bare-port', () => {
  realTest('a number alone is a host', undefined, async () => {
    const { output, status } = await run('23.0.0', ['-b', '8080'])
    expect(output).toMatch(/8080/)
    expect(status).toBe(1)
  })
})

describe('outdated-worker-dependency', () => {
  realTest('each release asks for the versions that are said', undefined, async () => {
    const failures: string[] = []
    for (const release of releases) {
      const { folder } = await installGunicorn(release.name).catch(() => ({ folder: '' }))
      for (const [workerClass, file] of [['gevent', 'ggevent'], ['eventlet', 'geventlet']] as const) {
        const path = join(folder, 'gunicorn', 'workers', `${file}.py`)
        const asked = existsSync(path) ? /worker requires \w+ ([\d.]+) or higher/.exec(readFileSync(path, 'utf8'))?.[1] : undefined
        const said = oldestWorking(workerClass, release)
        if (asked !== said) failures.push(`gunicorn ${release.name} asks for ${workerClass} ${asked}, and ${said} is said`)
      }
    }
    expect(failures).toEqual([])
  })
})
