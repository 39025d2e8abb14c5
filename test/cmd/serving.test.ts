/** `paddock serve` as a process: what nobody may do to it. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, type TLSSocket } from 'node:tls'
import { afterAll, afterEach, beforeAll, expect, jest, test } from '@jest/globals'
import { freePorts } from '../cluster/control-plane.ts'
import { program } from '../program.ts'

jest.setTimeout(180_000)

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'paddock-serve-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const running = new Set<ChildProcess>()
afterEach(() => {
  for (const child of running) child.kill('SIGKILL')
  running.clear()
})

const ca = () => readFileSync(join(folder, 'ca.crt'))

function ask(port: number, path: string, body?: string): Promise<{ status: number | undefined; text: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<Awaited<ReturnType<typeof ask>>>()
  const asked = request({ host: 'localhost', port, path, method: body === undefined ? 'GET' : 'POST',
    headers: body === undefined ? {} : { 'content-type': 'application/json' }, ca: ca(), agent: false }, (response) => {
    let text = ''
    response.setEncoding('utf8').on('data', (part: string) => (text += part))
    response.on('end', () => resolve({ status: response.statusCode, text }))
  })
  asked.on('error', reject).end(body)
  return promise
}

/** Asks until there is an answer: a busy machine may take longer to send a request than it may take, and an API server asks again, too. */
async function answer(port: number, child: ChildProcess, path: string,
  body: string): Promise<{ status: number | undefined; text: string }> {
  for (;;) {
    const given = await ask(port, path, body).catch(() => undefined)
    if (given && given.status !== 429 && given.status !== 408) return given
    if (child.exitCode !== null || child.signalCode !== null) throw new Error('it has ended')
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
}

/** Starts it, with standard error to a file descriptor. */
async function start(stderr: number | 'pipe'): Promise<{ child: ChildProcess; port: number }> {
  const [port = 0] = await freePorts(1)
  const child = spawn(process.execPath, ['--max-semi-space-size=8', program(), 'serve', '--port', String(port), '--cert-dir', folder], {
    stdio: ['ignore', 'ignore', stderr],
  })
  running.add(child)
  for (;;) {
    const isUp = existsSync(join(folder, 'ca.crt')) && (await ask(port, '/readyz').then(({ status }) => status === 200, () => false))
    if (isUp) return { child, port }
    if (child.exitCode !== null) throw new Error(`ended with ${child.exitCode}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

const lost = async (port: number) =>
  Number(/^paddock_log_lines_lost_total\{reason="unwritable"\} (\d+)$/m.exec((await ask(port, '/metrics')).text)?.[1])

const full = existsSync('/dev/full') ? test : test.skip
full('a log that has no room loses lines, which are counted, and the process serves on', async () => {
  const stderr = openSync('/dev/full', 'w')
  const { port } = await start(stderr)
  closeSync(stderr)
  for (const _ of [1, 2, 3]) expect((await ask(port, '/validate', 'no review')).status).toBe(400)
  expect(await lost(port)).toBeGreaterThanOrEqual(3)
})

test('so does one whose reader has gone', async () => {
  const { child, port } = await start('pipe')
  child.stderr?.destroy()
  await once(child.stderr as NonNullable<typeof child.stderr>, 'close')
  while ((await lost(port)) < 2) expect((await ask(port, '/validate', 'no review')).status).toBe(400)
})

test.each(['SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGINT'] as const)('%s drains it', async (signal) => {
  const path = join(folder, `log-${signal}`)
  const stderr = openSync(path, 'w')
  const { child } = await start(stderr)
  closeSync(stderr)
  child.kill(signal)
  expect(await once(child, 'exit')).toEqual([0, null])
  expect(readFileSync(path, 'utf8')).toMatch(/"draining"[^]*"stopped"/)
})

/** MiB of the chart's limit. */
const limit = 384
const peak = ({ pid }: ChildProcess) => Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024

const pod = (bulk: object, command: readonly string[] = ['gunicorn', 'wsgi', '-b', '127.0.0.1:80']) =>
  JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview',
    request: { uid: 'u', operation: 'CREATE', namespace: 'shop',
      object: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web' }, spec: { containers: [{ name: 'web', command, ...bulk }] } } } })

const here = existsSync('/proc/self/status') ? test : test.skip
here('a hundred connections that send 7 MB and stop one byte short take no more memory than there is, and reviews are answered',
  async () => {
    const { child, port } = await start('pipe')
    child.stderr?.resume()
    const length = 7 * 1024 * 1024
    const body = Buffer.alloc(length - 1, ' ')
    const sockets = await Promise.all(Array.from({ length: 100 }, async (): Promise<TLSSocket> => {
      const socket = connect({ host: 'localhost', port, ca: ca(), servername: 'localhost' }).on('error', () => {})
      await once(socket, 'secureConnect')
      socket.write(`POST /validate HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n\r\n`)
      return socket
    }))
    const sent = sockets.map((socket) =>
      new Promise<void>((resolve) => {
        socket.on('close', resolve).resume()
        socket.write(body, () => resolve())
      })
    )
    const state = { isSent: false }
    void Promise.all(sent).then(() => (state.isSent = true))
    let answered = 0
    while (!state.isSent || answered < 20) {
      expect((await answer(port, child, '/validate', pod({}))).text).toContain('[loopback-bind]')
      answered++
    }
    expect(peak(child)).toBeLessThan(limit)
    for (const socket of sockets) socket.destroy()
  })

here('nor do 64 reviews of 3 MB at once, of what takes most to read; none of them ends it, and each is answered', async () => {
  const { child, port } = await start('pipe')
  child.stderr?.resume()
  const rest = (count: number, each: (index: number) => unknown) => Array.from({ length: count }, (_, index) => each(index))
  const bulks = [
    pod({ args: rest(700_000, () => '') }),
    pod({
      env: [{ name: 'A', value: 'x'.repeat(130_000) },
        ...rest(30_000, (index) => ({ name: `B${index}`, value: '$(A)x', more: 'x'.repeat(50) }))],
    }),
    pod({ deep: '['.repeat(10), text: '\u0000'.repeat(400_000) }),
    pod({}).replace('"name":"web"', `"name":"web","deep":${'['.repeat(1_500_000)}${']'.repeat(1_500_000)}`),
  ]
  const state = { open: 64 }
  const reviews = rest(64, async (index) => {
    const { status } = await answer(port, child, `/${index % 2 ? 'mutate' : 'validate'}`, bulks[index % bulks.length] ?? '')
    state.open--
    return status
  })
  while (state.open > 0) expect((await answer(port, child, '/validate', pod({}))).text).toContain('[loopback-bind]')
  expect(new Set(await Promise.all(reviews))).toEqual(new Set([200]))
  expect(peak(child)).toBeLessThan(limit)
})
