/** The containers of a workload → what of their images is asked: which ones, with which command, and what hides what is in them. */
import { mayStart } from '../../inspect.ts'
import { valueAt, type Container, type Workload } from '../../kubernetes/workload.ts'
import type { ImageConfig } from '../../oci/manifest.ts'
import type { Command } from './command.ts'
import { commandOf } from './evidence.ts'

/** What an object says of a container, which its image completes. Data: it goes from thread to thread. */
export interface ContainerStart {
  readonly command: readonly string[] | undefined
  readonly args: readonly string[] | undefined
  /** Variables whose values are written there. */
  readonly env: Readonly<Record<string, string>>
  /** An absolute path. */
  readonly folder: string | undefined
}

/** The containers that start gunicorn, or may: those without a command of their own, where no other does. */
export function gunicornContainers({ containers }: Workload): readonly Container[] {
  const own = containers.filter((container) => mayStart(container))
  return own.length > 0 ? own : containers.filter(({ list, command }) => list === 'containers' && command === undefined)
}

export function imageOf({ written }: Container): string | undefined {
  const image = valueAt(written, ['image'])
  return typeof image === 'string' && image !== '' ? image : undefined
}

export function startOf({ command, args, env, written }: Container): ContainerStart {
  const folder = valueAt(written, ['workingDir'])
  return { command, args, env: Object.fromEntries(env.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]]))),
    folder: typeof folder === 'string' && folder.startsWith('/') ? folder : undefined }
}

/** What the kubelet makes of a container and its image. */
export function commandFor({ command, args, env, folder }: ContainerStart,
  config: Pick<ImageConfig, 'entrypoint' | 'cmd' | 'env' | 'workingDir' | 'user'>): Command {
  const own = commandOf(config)
  const argv = command ? [...command, ...(args ?? [])] : [...config.entrypoint, ...(args ?? config.cmd)]
  return { argv, env: { ...own.env, ...env }, folder: folder ?? own.folder }
}

/** A volume that lies over what Python reads, or brings something in there. */
export function hiddenBy({ written }: Container, folders: readonly string[]): string | undefined {
  const mounts = valueAt(written, ['volumeMounts'])
  for (const mount of Array.isArray(mounts) ? (mounts as unknown[]) : []) {
    const path = valueAt(mount, ['mountPath'])
    if (typeof path !== 'string') continue
    const own = path.endsWith('/') ? path : `${path}/`
    if (folders.some((folder) => `${folder}/`.startsWith(own))) return `a volume is mounted at ${path}`
  }
  return undefined
}
