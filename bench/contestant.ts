/** A webhook server under measurement: a process of its own, on a CPU of its own where `taskset` is there. */
import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from 'node:tls'

/** Paddock as it is started in its image: with little room for what is young, which costs 2 % of CPU time and saves 20 to 40 MiB. */
export const paddockCommand = '--max-semi-space-size=8 dist/paddock.js serve --host 127.0.0.1 --port {port} --cert-dir {folder}'.split(' ')
/** A bare Fastify server. A word more is the file of a JSON Patch, which it answers each `/mutate` with. */
export const bareCommand = [join(import.meta.dirname, 'bare.ts'), '{folder}', '{port}']

export const canPin = availableParallelism() > 1 && spawnSync('taskset', ['-c', '0', 'true']).status === 0

export interface Contestant {
  readonly child: ChildProcess
  readonly port: number
}

/** As in the image (scripts/image/config.ts says why): what is large and done with goes back to the system. The bare server has it too. */
const environment = { ...process.env, MALLOC_MMAP_THRESHOLD_: '262144' }

/** Starts Node.js with these words; on that CPU, where one is named. */
export function node(command: readonly string[], cpu: number | undefined, talks: 'ipc' | 'ignore'): ChildProcess {
  const [file = '', ...args] = [...(canPin && cpu !== undefined ? ['taskset', '-c', String(cpu)] : []), process.execPath, ...command]
  return spawn(file, args, { stdio: ['ignore', 'ignore', 'pipe', talks], env: environment })
}

/** Starts a server, `{port}` and `{folder}` (of `tls.crt` and `tls.key`) filled in, and waits until it shakes hands. */
export async function startContestant(command: readonly string[], folder: string, ca: string, cpu?: number): Promise<Contestant> {
  const port = await freePort()
  const child = node(
    command.map((word) => word.replace('{port}', String(port)).replace('{folder}', folder)),
    cpu,
    'ignore',
  )
  let said = ''
  child.stderr?.on('data', (chunk: Buffer) => (said += String(chunk)))
  for (let attempt = 0; child.exitCode === null && attempt < 100; attempt++) {
    const socket = connect({ host: '127.0.0.1', port, ca, servername: 'localhost' })
    const ready = await once(socket, 'secureConnect').then(() => true, () => false)
    socket.destroy()
    if (ready) return { child, port }
    await sleep(100)
  }
  child.kill('SIGKILL')
  throw new Error(`${command.join(' ')} did not open its port: ${said}`)
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  return port
}
