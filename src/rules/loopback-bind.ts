import { isLoopback, parseAddress } from '../gunicorn/address.ts'
import { addressOf, single } from '../gunicorn/entries.ts'
import { withPortVariable } from '../gunicorn/port-variable.ts'
import type { Entry } from '../gunicorn/settings.ts'
import { declaredPorts, hasHostNetwork, isProbedInside, probePorts } from '../kubernetes/pod-fields.ts'
import { sidecarCallsLoopback } from '../kubernetes/sidecars.ts'
import { isProxy } from '../shell/programs.ts'
import { invalid } from './problem.ts'
import { defineRule, type Subject } from './rule.ts'
import { inFront } from './subject/in-front.ts'

export default defineRule({
  id: 'loopback-bind',
  severity: 'error',
  action: 'Deny',
  summary: 'gunicorn listens on an address that only its own Pod can reach',
  why:
    'The kubelet probes the Pod IP, and Services send traffic to it. A proxy in the same Pod does reach it: then Paddock reports nothing.',
  remedy: "Bind to '0.0.0.0:PORT' or '[::]:PORT'.",
  settings: ['bind'],

  *check(subject) {
    const setting = subject.settings.get('bind')
    const { env } = subject.platform.port
    if (!setting || !allLoopback(setting.entries, env) || mayHaveMore(subject)) return
    const isAsked = isAskedThere(subject, setting.entries)
    const front = isAsked ? undefined : inFront(subject)
    if (front === 'a proxy') return
    // Who probes it by its own address knows that it is none of the Pod.
    const isOwn = !isAsked && isProbedInside(subject.container)
    const byPort = Map.groupBy(setting.entries, portOf)
    for (const entry of setting.entries) {
      const text = textOf(entry)?.trim() ?? ''
      const value = everywhere(withPortVariable(text, env) ?? text)
      const rest = entry.value === undefined ? { value: entry.argument?.word.text }
        : front === undefined && !isOwn ? { fix: { setting: 'bind', value, entry } } : {}
      const doubt = front !== undefined ? { doubt: `unless ${front} passes requests on to it` }
        : isOwn ? { doubt: 'unless it is for its own Pod alone, as its probe is' } : {}
      const remedy = remedyFor(entry, byPort)
      yield invalid(subject, setting, entry, 'must not be a loopback address', { ...rest, ...doubt,
        ...(remedy === undefined ? {} : { remedy }) })
    }
  },
})

/** Whether the container itself says that requests come to that port, or has it probed. */
function isAskedThere({ workload, container, beside }: Subject, entries: readonly Entry[]): boolean {
  // Of a container whose script starts a proxy as well, a port may be the proxy's; beside a sidecar that is put in it may be for that;
  // in the network of the node, whose loopback address programs of the node reach, it says nothing.
  const declared = beside.some(isProxy) || hasHostNetwork(workload) || sidecarCallsLoopback(workload) !== 'no' || isProbedInside(container)
    ? [] : declaredPorts(container)
  const asked = new Set([...declared, ...probePorts(container).map(({ port }) => port)])
  if (asked.size === 0) return false
  return entries.some((entry) => {
    const address = addressOf(entry)
    return address?.kind === 'tcp' && asked.has(address.port)
  })
}

/** Of two addresses with one port, on all interfaces both cannot be bound. */
function remedyFor(entry: Entry, byPort: ReadonlyMap<string | undefined, readonly Entry[]>): string | undefined {
  const port = portOf(entry)
  const same = port === undefined ? [] : (byPort.get(port) ?? [])
  if (same.length < 2) return undefined
  return same[0] === entry ? "Bind to '0.0.0.0:PORT'." : 'Leave it out: `[::]:PORT` alone is for IPv4 and IPv6.'
}

const portOf = (entry: Entry): string | undefined => /:([^:\]]+)$/.exec(textOf(entry)?.trim() ?? '')?.[1]

/** The same address on all interfaces. */
function everywhere(address: string): string {
  const scheme = address.lastIndexOf('//')
  const before = address.slice(0, scheme < 0 ? 0 : scheme + 2)
  return before + address.slice(before.length).replace(/^(?:\[[^\]]*\]|[^:/]+)/, (name) => (name.startsWith('[') ? '[::]' : '0.0.0.0'))
}

/** As it is written, as far as that is known; of a config file, as gunicorn holds it. */
function textOf({ argument, value }: Entry): string | undefined {
  const held = single(value)
  return argument?.prefix ?? (typeof held === 'string' ? held : undefined)
}

/** With one more address that can be reached, a loopback address is a choice: for a sidecar, say. */
function allLoopback(entries: readonly Entry[], port: string): boolean {
  // The name of the port's variable is another rule's, and stands for some port.
  const isPartly = (entry: Entry): boolean => entry.value === undefined || withPortVariable(textOf(entry) ?? '', port) !== undefined
  const isLocal = (entry: Entry): boolean => isLoopbackText(textOf(entry) ?? '', isPartly(entry))
  return entries.length > 0 && entries.every(isLocal)
}

/** True where a word that may be anything, such as `$OPTIONS`, may add an address. */
const mayHaveMore = ({ settings }: Subject): boolean => settings.readings.some((reading) => reading.unseen === 'command line')

/** Of `127.0.0.1:$PORT` the host is known, though the port is not. */
function isLoopbackText(text: string, partly: boolean): boolean {
  if (!partly) return isLoopback(parseAddress(text.trim()))
  const host = /^(?:tcp:\/\/)?(\[[^\]]*\]|[^:[]*):/.exec(text)
  return host !== null && isLoopback(parseAddress(`${host[1]}:1`))
}
