/** What stands in the way of a setting that is to go into a container's variables, as far as that is known beforehand. Pure. */
import type { Address } from '../gunicorn/address.ts'
import { addressOf } from '../gunicorn/entries.ts'
import { isPort } from '../gunicorn/port-variable.ts'
import { splitWords } from '../gunicorn/shlex.ts'
import { cmdArgs } from '../gunicorn/variables.ts'
import type { Invocation } from '../inspect.ts'
import { knownRelease } from '../known-release.ts'
import type { EnvVar } from '../kubernetes/workload.ts'
import type { Python } from '../python/known.ts'
import { admits } from '../python/version.ts'
import type { Fix, Terms } from '../rules/rule.ts'
import { nothingBeside } from '../shell/beside.ts'
import type { Command } from '../shell/command.ts'
import { mayServeAt } from '../shell/programs.ts'
import { PodPorts } from './pod-ports.ts'
import { isChange, isOpen, names, settingOf, takesConcurrency, type EnvironmentChange } from './variables.ts'

/** The first release that reads GUNICORN_CMD_ARGS. Source: gunicorn's changelog. */
const firstToRead = '19.7'

const commandStays = 'the command is not changed where injection is Environment'

/** What a fix is to be made in. */
export class Circumstances {
  readonly platform: Terms
  readonly python: Python
  readonly #invocations: readonly Invocation[]
  /** The invocations that may leave a setting to variables, by the setting. */
  readonly #open = new Map<string, readonly Invocation[]>()
  #ports: PodPorts | undefined
  readonly #serving = new Map<number, (command: Command) => boolean>()

  /** `invocations` are all of the workload. */
  constructor(invocations: readonly Invocation[], platform: Terms, python: Python) {
    this.#invocations = invocations
    this.platform = platform
    this.python = python
  }

  /** Whether another gunicorn of the container may take a setting from the same variables, as far as can be seen. */
  mayConcernOthers(own: Invocation, setting: string): boolean {
    let open = this.#open.get(setting)
    if (!open) this.#open.set(setting, open = this.#invocations.filter((invocation) => isOpen(invocation, setting)))
    return open.some((other) => other !== own && other.container === own.container)
  }

  /** Why a port that a fix would bind may be taken, for a message; undefined where nothing says so. */
  portTaken(fix: Fix, own: Invocation): string | undefined {
    if (!('define' in fix) && !('setting' in fix && fix.setting === 'bind')) return undefined
    this.#ports ??= new PodPorts(own.workload, this.#invocations, this.platform)
    const holder = this.#ports.holder(fix, own)
    if (holder) return `container ${JSON.stringify(holder.name)} of the Pod has that port`
    // Most commands stand in no script.
    if (own.beside === nothingBeside) return undefined
    const port = this.#ports.portOf(fix, own)
    // What it listens at already is no news.
    if (port === undefined || own.settings.entries('bind').some((entry) => isAt(port, addressOf(entry)))) return undefined
    return own.beside.some(this.#servesAt(port, own.command?.background === true))
      ? 'a program that runs beside it in the script names that port'
      : undefined
  }

  /** The question is asked of each command once, for all gunicorns beside it. */
  #servesAt(port: number, isBehind: boolean): (command: Command) => boolean {
    const key = isBehind ? -port : port
    let trait = this.#serving.get(key)
    if (!trait) {
      const serves = mayServeAt(port, this.platform.port.env)
      this.#serving.set(key, trait = (command) => (isBehind || command.background) && serves(command))
    }
    return trait
  }
}

const isAt = (port: number, address: Address | undefined): boolean => address?.kind === 'tcp' && address.port === port

/** Why a fix cannot be made in the variables of the container, for a message; undefined where nothing is known to stand in its way. */
export function obstacle(fix: Fix, invocation: Invocation, surroundings: Circumstances): string | undefined {
  if ('define' in fix) return undefined
  const { container, workload, settings } = invocation
  if (!isChange(fix) || (('drop' in fix || fix.entry) && settings.get(settingOf(fix))?.source !== cmdArgs)) return commandStays
  if (hasOwnSpelling(container)) return 'its variables are shared with other processes, or stand in a file of the platform'
  if (surroundings.mayConcernOthers(invocation, settingOf(fix))) return 'another gunicorn of the container reads the same variables'
  if (invocation.mayHaveOthers) return 'the command may start another gunicorn, which would read the same variables'
  if ('setting' in fix && !fix.entry && fix.setting === 'workers' && takesConcurrency(container)) return undefined
  if (names(container, cmdArgs)) return `the container reads or sets ${cmdArgs} itself`
  const known = knownRelease({ workload, python: surroundings.python })
  if (known && admits(known.specifier, `<${firstToRead}`) === 'all') return `gunicorn ${known.told} does not read ${cmdArgs}`
  return obstacleInVariables(fix, invocation, surroundings.platform)
}

/** What comes from a file of a platform is written in its own way, and the processes of a BkApp share their variables. */
const hasOwnSpelling = ({ platform, process, path, envPath }: Invocation['container']): boolean =>
  platform !== undefined || process !== undefined || envPath.length !== path.length + 1

/** Whether a fix is about a value that stands in GUNICORN_CMD_ARGS. */
export function isInVariable(fix: Fix, { settings }: Invocation): boolean {
  return 'setting' in fix && fix.entry !== undefined && settings.get(fix.setting)?.source === cmdArgs
}

function obstacleInVariables(change: EnvironmentChange, { container, environment, command }: Invocation, platform: Terms):
  | string
  | undefined {
  const { env } = platform.port
  const variable = environment.variables.get(cmdArgs)
  const words = typeof variable?.value === 'string' ? splitWords(variable.value) : []
  if (!Array.isArray(words)) return `${cmdArgs} cannot be read: ${words.error}`
  if ('drop' in change || change.setting !== 'bind' || !String(change.value).includes(`$${env}`)) return undefined
  const port = environment.variables.get(env)
  if (typeof port?.value === 'string' && !isPort(port.value)) return `${env} does not hold the number of a port`
  if (port?.value === null) return `${env} comes from elsewhere, and what ${cmdArgs} holds could not be checked any more`
  if (command?.environment.has(env) && command.environment.get(env) !== port?.value) return `the script gives ${env} a value of its own`
  if (container.assigned?.some(({ name }) => name === env)) return `${env} comes behind all variables, so none of them can refer to it`
  if (!variable) return undefined
  if (port && port.entry.index > variable.entry.index) return `${env} is defined below ${cmdArgs}, which cannot refer to it`
  const mentionsPort = ({ index, value: text }: EnvVar): boolean => index > variable.entry.index && text?.includes(`(${env})`) === true
  return !port && container.env.some(mentionsPort) ? `${env} must be defined above ${cmdArgs}, and then other variables would change`
    : undefined
}
