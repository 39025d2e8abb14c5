/** Who may pass requests on to a gunicorn. */
import { spend } from '../../budget.ts'
import { isGunicorn } from '../../gunicorn-name.ts'
import type { Invocation } from '../../inspect.ts'
import { hasHostNetwork, isLasting, lastingContainers } from '../../kubernetes/pod-fields.ts'
import { sidecarCallsLoopback } from '../../kubernetes/sidecars.ts'
import { valueAt, type Container } from '../../kubernetes/workload.ts'
import type { Command } from '../../shell/command.ts'
import { containerPassesOn, isProxy as isProxyCommand, mayAsk, mayPassOn, mayPassOnBefore, namesProxy } from '../../shell/programs.ts'
import type { Subject } from '../rule.ts'

/** Who may pass requests on to a gunicorn: programs of the same script, containers of the same Pod, which share its address, and those of the node. */
export function inFront(
  { workload, container, beside, command, settings }: Subject,
): 'a proxy' | `another ${string}` | 'a program of the node' | undefined {
  // Nobody passes requests on to a container for debugging.
  const others = workload.pod && isLasting(workload, container) ? othersOf(workload, container) : noOthers
  const sidecar = sidecarCallsLoopback(workload)
  if (beside.some(isFront) || others.proxies > 0 || sidecar === 'yes') return 'a proxy'
  // Beside a gunicorn in the background runs what comes after it: a test, or a check of its health.
  const goesOn = command?.background === true || settings.value('daemon') === true
  if (beside.someBut(mayBeFront, isOverBefore) || (goesOn && beside.someAfter(mayBeClient))) return 'another program of the script'
  // What else its image starts is not in sight.
  if (isProxy(container)) return 'another program of the image'
  if (others.unknown > 0 || sidecar === 'unknown') return 'another container of the Pod'
  return hasHostNetwork(workload) ? 'a program of the node' : undefined
}

const isAnother = ({ words }: Command): boolean => words.slice(0, 4).some(({ value }) => value != null && isGunicorn(value))
const isFront = (command: Command): boolean => !isAnother(command) && isProxyCommand(command)
const mayBeFront = (command: Command): boolean => !isAnother(command) && mayPassOn(command)

/** A server of such a name would not let the script go on. */
const isOverBefore = (command: Command): boolean => mayBeFront(command) && !mayPassOnBefore(command)

const mayBeClient = (command: Command): boolean => !isAnother(command) && mayAsk(command)

function isProxy({ name, written }: Container): boolean {
  const image = valueAt(written, ['image'])
  return namesProxy(`${name} ${typeof image === 'string' ? image : ''}`)
}

interface Fronts {
  readonly proxies: number
  readonly unknown: number
}

const noOthers: Fronts = { proxies: 0, unknown: 0 }

/** What the containers of a Pod do to requests, found out once for all of them. */
const frontsOf = new WeakMap<Invocation['workload'],
  { readonly all: Fronts; readonly each: ReadonlyMap<Container, 'yes' | 'no' | 'unknown'> }>()

/** How many containers beside one pass requests on, and of how many that is not known. */
function othersOf(workload: Invocation['workload'], own: Container): Fronts {
  let fronts = frontsOf.get(workload)
  if (!fronts) {
    const lasting = lastingContainers(workload)
    spend(lasting.length / 5)
    const each = new Map(
      lasting.map((
        one,
      ) => [one,
        isProxy(one) ? 'yes' as const : containerPassesOn(one.command ? [...one.command.slice(0, 4), ...(one.args ?? []).slice(0, 4)] : [])]
      ),
    )
    const count = (wanted: string): number => [...each.values()].filter((one) => one === wanted).length
    frontsOf.set(workload, fronts = { all: { proxies: count('yes'), unknown: count('unknown') }, each })
  }
  const mine = fronts.each.get(own)
  return { proxies: fronts.all.proxies - (mine === 'yes' ? 1 : 0), unknown: fronts.all.unknown - (mine === 'unknown' ? 1 : 0) }
}
