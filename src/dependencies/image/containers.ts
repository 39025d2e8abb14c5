/** The containers of a workload → what of their images is asked: which ones, with which command, and what hides what is in them. */
import { mayStart, type ImageStart } from '../../inspect.ts'
import { hiddenCommand, type HiddenCommand } from '../../kubernetes/hidden-command.ts'
import { valueAt, type Container, type Workload } from '../../kubernetes/workload.ts'
import type { ImageConfig } from '../../oci/manifest.ts'
import type { Command } from './command.ts'
import { commandOf } from './evidence.ts'
import { imageStart, type ImageSummary } from './summary.ts'

/** What an object says of a container, which its image completes. Data: it goes from thread to thread. */
export interface ContainerStart {
  readonly command: readonly string[] | undefined
  readonly args: readonly string[] | undefined
  /** Variables whose values are written there. */
  readonly env: Readonly<Record<string, string>>
  /** An absolute path. */
  readonly folder: string | undefined
}

/** The containers that start gunicorn, or may: those whose command, or a script of it, is in the image, where no other does. */
export function gunicornContainers(workload: Workload): readonly Container[] {
  const own = workload.containers.filter((container) => mayStart(container))
  if (own.length > 0) return own
  return workload.containers.filter((container) => inImage.has(hiddenCommand(workload, container)?.kind ?? 'field'))
}

const inImage: ReadonlySet<HiddenCommand['kind']> = new Set(['none', 'script', 'process'])

/** Whether an image may hold a gunicorn, as far as its configuration tells: for who does not read the layers of every image. */
export const mayHoldPython = ({ entrypoint, cmd, env, labels, history }: ImageConfig): boolean =>
  // Some builders tell nothing of how they have built it.
  history.every((step) => step === '') ||
  [...entrypoint, ...cmd, ...Object.keys(env), ...Object.values(env), ...Object.keys(labels), ...history].some((text) =>
    /python|gunicorn|\bpip\b|\buv\b|poetry|buildpack|virtual_env/i.test(text)
  )

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

/** What images start, container by container, as `Surroundings` has it: each is put together once. */
export function imageStarts(
  known: (container: Container, image: string) => ImageSummary | undefined,
): (container: Container) => ImageStart | undefined {
  const starts = new Map<Container, ImageStart | undefined>()
  return (container) => {
    if (!starts.has(container)) {
      const image = imageOf(container)
      const summary = image === undefined ? undefined : known(container, image)
      starts.set(container, summary && imageStart(image!, summary))
    }
    return starts.get(container)
  }
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
