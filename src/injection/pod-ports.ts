/** Who has which port of a Pod: its containers share one address, and the second to bind a port of it ends. Pure. */
import { spend } from '../budget.ts'
import { parseAddress } from '../gunicorn/address.ts'
import { addressOf } from '../gunicorn/entries.ts'
import { isPort, withPortVariable } from '../gunicorn/port-variable.ts'
import type { Invocation } from '../inspect.ts'
import { declaredPorts, lastingContainers } from '../kubernetes/pod-fields.ts'
import type { Container, Workload } from '../kubernetes/workload.ts'
import type { Fix, Terms } from '../rules/rule.ts'

type Containers = Map<number, Set<Container>>

export class PodPorts {
  readonly #platform: Terms
  readonly #lasting: ReadonlySet<Container>
  readonly #declared: Containers = new Map()
  readonly #bound: Containers = new Map()
  /** Those that are to be given a port, as they set none or name it where nobody expands it. */
  readonly #toBind: Containers = new Map()
  /** Of those, the one that each port is for. */
  readonly #chosen = new Map<number, Container | undefined>()

  /** `invocations` are all of the workload. */
  constructor(workload: Workload, invocations: readonly Invocation[], platform: Terms) {
    this.#platform = platform
    this.#lasting = new Set(workload.pod ? lastingContainers(workload) : [])
    if (this.#lasting.size < 2) return
    spend(this.#lasting.size + invocations.length)
    for (const container of this.#lasting) for (const port of declaredPorts(container)) note(this.#declared, port, container)
    for (const invocation of invocations) if (this.#lasting.has(invocation.container)) this.#read(invocation)
  }

  #read(invocation: Invocation): void {
    const { settings, container } = invocation
    const { defaults, port: { env } } = this.#platform
    const bind = settings.get('bind')
    const isLeft = bind?.source === 'default' || bind?.source === 'environment'
    const given = isLeft ? this.#portIn(String(defaults['bind'] ?? ''), invocation) : undefined
    if (given !== undefined && defaults['bind'] !== undefined) note(this.#toBind, given, container)
    for (const entry of isLeft ? [] : (bind?.entries ?? [])) {
      const named = withPortVariable(entry.argument?.text ?? '', env) === undefined ? undefined : this.#assigned(invocation)
      const address = addressOf(entry)
      if (named !== undefined) note(this.#toBind, named, container)
      else if (address?.kind === 'tcp') note(this.#bound, address.port, container)
    }
  }

  /**
   * The other container whose port a fix of `bind`, or of the port's variable, would bind; undefined where there is none. Of those that set no port it is for the one that
   * names it, else for the first.
   */
  holder(fix: Fix, own: Invocation): Container | undefined {
    const { container } = own
    if (this.#lasting.size < 2 || !this.#lasting.has(container)) return undefined
    const port = this.portOf(fix, own)
    // What it binds already is no news.
    if (port === undefined || this.#bound.get(port)?.has(container)) return undefined
    const declared = this.#declared.get(port)
    if (declared && !declared.has(container)) return first(declared)
    const holder = first(this.#bound.get(port)) ?? this.#choice(port)
    return holder === container ? undefined : holder
  }

  /** The port that a fix would bind, where that is known. */
  portOf(fix: Fix, own: Invocation): number | undefined {
    return 'define' in fix ? this.#assigned(own) : 'setting' in fix ? this.#portIn(String(fix.value), own) : undefined
  }

  #choice(port: number): Container | undefined {
    if (!this.#chosen.has(port)) {
      const some = [...(this.#toBind.get(port) ?? [])]
      this.#chosen.set(port, some.find((one) => this.#declared.get(port)?.has(one)) ?? some[0])
    }
    return this.#chosen.get(port)
  }

  #portIn(address: string, invocation: Invocation): number | undefined {
    const { env } = this.#platform.port
    const port = address.includes(`$${env}`) ? this.#assigned(invocation) : 0
    if (port === undefined) return undefined
    const parsed = parseAddress(address.replaceAll(`$${env}`, String(port)))
    return parsed.kind === 'tcp' ? parsed.port : undefined
  }

  /** The port that the platform's variable holds, or is to hold, where that is known. */
  #assigned({ environment, container }: Invocation): number | undefined {
    const { env, fallback } = this.#platform.port
    const variable = environment.variables.get(env)
    if (!variable) return container.port ?? fallback ?? undefined
    return typeof variable.value === 'string' && isPort(variable.value) ? Number(variable.value) : undefined
  }
}

function note(containers: Containers, port: number, container: Container): void {
  const known = containers.get(port)
  if (known) known.add(container)
  else containers.set(port, new Set([container]))
}

const first = (containers: ReadonlySet<Container> | undefined): Container | undefined => containers?.values().next().value
