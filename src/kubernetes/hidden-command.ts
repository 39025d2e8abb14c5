/**
 * Containers whose command is in the image, so that what they start cannot be told from their object: what buildpacks and the
 * platforms that use them make, scripts of the image, and images that start something by themselves.
 *
 * Sources: buildpacks.io, "Launch"; the operator of TencentBlueKing/blueking-paas (`bkapp.paas.bk.tencent.com/…` labels, `/runner/init`);
 * cloudfoundry/korifi (`korifi.cloudfoundry.org/process-type`); dokku (`dokku.com/managed`, `/start`).
 */
import { spend } from '../budget.ts'
import type { Path } from './field.ts'
import { startsSomethingElse } from './known-images.ts'
import { valueAt, type Container, type Workload } from './workload.ts'

export interface HiddenCommand {
  /**
   * `none`: there is no command. `process`: it names one that the image knows. `script`: a file of the image. `field`: a field
   * that is none. `program`: one that may start what its words name. `starter`: one that starts gunicorn in a way of its own.
   * `supervisor`: one that starts what a file says. `variable`: one in whose container GUNICORN_CMD_ARGS is set. `unknown`: words that
   * speak of gunicorn, and are not known before they are run. `unreached`: a script that ends before it gets to its gunicorn.
   */
  readonly kind: 'none' | 'process' | 'script' | 'field' | 'program' | 'starter' | 'supervisor' | 'variable' | 'unknown' | 'unreached'
  readonly path: Path
  /** What is written there. */
  readonly value?: string
}

/** What starts a process of the image by its name. */
const launchers: ReadonlySet<string> = new Set(['launcher', '/cnb/lifecycle/launcher', '/runner/init', '/start'])

const isLauncher = (word: string): boolean => launchers.has(word) || word.startsWith('/cnb/process/')
export const isShellName = (word: string): boolean => /^(\/bin\/|\/usr\/bin\/)?(ba|da)?sh$/.test(word)
/** A file of an application, on a platform that starts them so. */
const isOwnScript = (word: string): boolean => /^(\/app\/|\.\/|bin\/)/.test(word) || word.endsWith('.sh')
/** A file that is a script by its name, wherever it is started: `/entrypoint.sh`, `./start`, `/usr/libexec/s2i/run`. Others are programs as a rule. */
export const isScript = (word: string): boolean =>
  /\.(sh|bash)$/.test(word) || /\/(docker-)?(entrypoint|start|run|launch|boot|init|serve|web)([-_][\w-]*)?$/.test(word)

/** What of a container's command cannot be seen; undefined where there is nothing to say of it. */
export function hiddenCommand(workload: Workload, container: Container): HiddenCommand | undefined {
  if (container.list !== 'containers') return undefined
  const hidden = hiddenPart(workload, container)
  return hidden && !isMade(workload) ? hidden : undefined
}

function hiddenPart(workload: Workload, container: Container): HiddenCommand | undefined {
  const { command = [], args = [], path, process, platform } = container
  if (process?.isNamed) return { kind: 'process', path: [...path, 'name'], value: container.name }
  if (process?.misnamed) return { kind: 'field', path: [...path, process.misnamed.field], value: process.misnamed.text }
  // A platform's own file names what it starts.
  if (platform) return undefined
  const [first = args[0], second = args[1 - command.length]] = command
  // Other containers beside that of the application are what they are.
  if (first === undefined || (command.length === 0 && first.startsWith('-')))
    return startsByItself(workload, container) ? { kind: 'none', path } : undefined
  const at = second !== undefined && isShellName(first) ? 1 : 0
  const word = (at === 0 ? first : second) ?? ''
  const place = (): Pick<HiddenCommand, 'path' | 'value'> => ({
    path: [...path, ...(at < command.length ? ['command', at] : ['args', at - command.length])],
    value: word,
  })
  if (isLauncher(word)) return { kind: 'process', ...place() }
  const names = (): boolean => (word === container.name || word.endsWith(`-${container.name}`)) && isOfPlatform(workload)
  if (second === undefined && (word === 'web' || names())) return { kind: 'process', ...place() }
  return isScript(word) || (isOwnScript(word) && isOfPlatform(workload)) ? { kind: 'script', ...place() } : undefined
}

/** Whether an image may be one that starts gunicorn without being told to. */
function startsByItself(workload: Workload, container: Container): boolean {
  if (isOfPlatform(workload)) return isFirst(workload, container)
  return !startsSomethingElse(container.written?.['image'])
}

/** What a workload has made says what the workload says. */
export function isMade({ written }: Workload): boolean {
  const owners = valueAt(written, ['metadata', 'ownerReferences'])
  if (!Array.isArray(owners)) return false
  spend(owners.length / 10)
  return owners.some((owner: unknown) => valueAt(owner, ['controller']) === true)
}

/** The first container of a Pod that is none for its start: init containers stand before it. */
function firstOf(containers: readonly Container[]): Container | undefined {
  spend(containers.length / 100)
  return containers.find(({ list }) => list === 'containers')
}

function isFirst({ kind, containers }: Workload, container: Container): boolean {
  return kind.holds === 'processes' || firstOf(containers) === container
}

/** True for what a platform has made out of an application. */
function isOfPlatform({ kind, written, annotations }: Workload): boolean {
  if (kind.holds === 'processes' || annotations.get('dokku.com/managed')?.value === 'true') return true
  return [['metadata'], kind.metadata].some((metadata) => {
    const labels = valueAt(written, [...metadata, 'labels'])
    if (typeof labels !== 'object' || labels === null) return false
    const label = (name: string): unknown => valueAt(labels, [name])
    return (
      label('bkapp.paas.bk.tencent.com/resource-type') === 'process' ||
      (label('category') === 'bkapp' && label('process_id') !== undefined) ||
      label('korifi.cloudfoundry.org/process-type') !== undefined
    )
  })
}
