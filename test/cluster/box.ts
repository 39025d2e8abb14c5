import { access, mkdir, readdir, rmdir, writeFile } from 'node:fs/promises'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { capture, childOf, onPath, pause, startProgram, type Environment, type Program } from './program.ts'

/**
 * A machine within this machine: processes, mounts and network of its own, joined to this machine by a cable. What it
 * starts, mounts and configures is gone with it, however it ends: the kernel sees to that.
 */
export type Box = {
  /** This machine's address on the cable. */
  host: string
  /** The box's address on the cable. */
  address: string
  /** The addresses behind the box, which this machine has a route to. */
  behind: string
  /** The path of a control group for all that runs in the box, from the root of each hierarchy. */
  controlGroup: string
  start(command: string, args: readonly string[], logFile: string): Program
  stop(): Promise<void>
}

/** Networks for benchmarks (RFC 2544): nobody's own. */
const cables = '198.18'
const pods = '198.19'

/** @throws where this machine cannot have one: it takes Linux, root, and util-linux, iproute2 and nftables */
export async function startBox(environment: Environment): Promise<Box> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) throw new Error('a node needs Linux and root')
  for (const command of ['unshare', 'nsenter', 'ip', 'nft', 'mount', 'pgrep'])
    if ((await onPath(command, environment)) === undefined) throw new Error(`${command} is not on PATH`)

  const number = freeCable()
  const host = `${cables}.${number}.1`
  const address = `${cables}.${number}.2`
  const behind = `${pods}.${number}.0/24`
  const cable = `paddock${number}`
  const controlGroup = `/${cable}`

  // The first process of the box is the one on the leash: with it, the kernel ends all the others.
  const inside = ['unshare', '--mount', '--pid', '--net', '--fork', '--kill-child', '--mount-proc']
  const first = startProgram('sleep', ['infinity'], { logFile: '/dev/null', environment, inside })
  const groups = (await hierarchies()).map((folder) => join(folder, controlGroup))
  const stop = async () => {
    await first.stop()
    for (const group of groups) await removeGroups(group)
  }
  try {
    const id = await childOf(first.process)
    const enter = ['nsenter', '--target', String(id), '--mount', '--pid', '--net']
    const run = ([command = '', ...args]: string[]) => capture(command, args, { seconds: 10, environment })
    const commands = [
      ['ip', 'link', 'add', cable, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(id)],
      ['ip', 'address', 'add', `${host}/24`, 'dev', cable],
      ['ip', 'link', 'set', cable, 'up'],
      [...enter, 'ip', 'link', 'set', 'lo', 'up'],
      [...enter, 'ip', 'address', 'add', `${address}/24`, 'dev', 'eth0'],
      [...enter, 'ip', 'link', 'set', 'eth0', 'up'],
      [...enter, 'ip', 'route', 'add', 'default', 'via', host],
      [...enter, 'sh', '-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward'],
      ['ip', 'route', 'add', behind, 'via', address],
      // What programs leave in the usual places, they leave in the box.
      ...['/run', '/var/lib', '/var/log'].map((folder) => [...enter, 'mount', '-t', 'tmpfs', 'tmpfs', folder]),
    ]
    for (const command of commands) await run(command)
    for (const group of groups) {
      await mkdir(group, { recursive: true })
      // A machine of its own would not share its processors with whatever runs beside the tests.
      await writeFile(join(group, 'cpu.shares'), '65536', { flag: 'r+' }).catch(() => {})
      await writeFile(join(group, 'cpu.weight'), '5000', { flag: 'r+' }).catch(() => {})
    }
    return {
      host,
      address,
      behind,
      controlGroup,
      start: (command, args, logFile) =>
        startProgram(command, args, { logFile, environment: { ...environment, NO_PROXY: '*' }, inside: enter }),
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

/** The number of a cable that no box has. */
function freeCable(): number {
  const addresses = Object.values(networkInterfaces()).flatMap((found) => (found ?? []).map(({ address }) => address))
  for (let number = 1; number < 256; number++) if (!addresses.includes(`${cables}.${number}.1`)) return number
  throw new Error('this machine has 255 boxes already')
}

const controlGroups = '/sys/fs/cgroup'

/** The roots of the control group hierarchies: one, or one for each controller where they are of the first version. */
async function hierarchies(): Promise<string[]> {
  const unified = await access(join(controlGroups, 'cgroup.controllers')).then(
    () => true,
    () => false,
  )
  if (unified) return [controlGroups]
  const entries = await readdir(controlGroups, { withFileTypes: true })
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(controlGroups, name))
}

/** Removes a control group and those in it; the kernel may still be about to let the last process go. */
async function removeGroups(group: string): Promise<void> {
  for (const entry of await readdir(group, { withFileTypes: true }).catch(() => []))
    if (entry.isDirectory()) await removeGroups(join(group, entry.name))
  for (let attempt = 0; attempt < 50; attempt++) {
    const error = await rmdir(group).catch((error: NodeJS.ErrnoException) => error.code)
    if (error !== 'EBUSY') return
    await pause(100)
  }
}
