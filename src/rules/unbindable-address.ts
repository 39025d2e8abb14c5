import { spend } from '../budget.ts'
import { parseAddress, sharesAddress, type Address } from '../gunicorn/address.ts'
import { oneDash } from '../gunicorn/advice.ts'
import { single } from '../gunicorn/entries.ts'
import { namesPort, withPortVariable } from '../gunicorn/port-variable.ts'
import type { Entry, Setting } from '../gunicorn/settings.ts'
import type { Invocation } from '../inspect.ts'
import { hasHostNetwork, isIPv6Only, isLasting } from '../kubernetes/pod-fields.ts'
import { valueAt, type Container } from '../kubernetes/workload.ts'
import { invalid } from './problem.ts'
import { defineRule, type Problem, type Subject } from './rule.ts'
import { adviceOnUnexpanded, isLeft } from './subject/unexpanded.ts'

type Tcp = Extract<Address, { kind: 'tcp' }>

interface Bound {
  readonly entry: Entry
  readonly address: Tcp
  readonly text: string
}

/** As many addresses are held against one another: nobody listens on more. */
const most = 20

export default defineRule({
  id: 'unbindable-address',
  severity: 'error',
  action: 'Deny',
  summary: 'gunicorn is to listen on an address that cannot be bound',
  why:
    'gunicorn takes the address, fails to bind it, and exits. Of two addresses that overlap, the second is in use once the first is bound, also by another container of the Pod.',
  remedy: 'Write a port from 1 to 65535 behind an address of the Pod: `0.0.0.0:8000`, or `[::]:8000` for IPv4 and IPv6.',
  settings: ['bind'],

  *check(subject) {
    const setting = subject.settings.get('bind')
    if (!setting) return
    const bound: Bound[] = []
    for (const entry of subject.settings.entries('bind')) {
      const text = single(entry.value)
      if (typeof text !== 'string') continue
      const address = addressIn(subject, text)
      if (address?.kind !== 'tcp' || isPortVariable(subject, setting, entry)) continue
      const problem = faultOf(subject, setting, entry, address)
      if (problem) yield problem
      else bound.push({ entry, address, text })
    }
    if (subject.inPod) yield* taken(subject, subject.inPod, setting, bound.slice(0, most))
    if (bound.length > 1) yield* overlaps(subject, setting, bound.slice(0, most))
  },
})

/** As a release reads it that does not refuse it: `:-1` is an address from 20.0 on, and cannot be bound. */
function addressIn({ releases }: Subject, text: string): Address | undefined {
  const syntaxes = new Set(releases.map((release) => release.addressSyntax))
  return [...syntaxes].map((syntax) => parseAddress(text, syntax)).find(({ kind }) => kind !== 'bad')
}

/** What the name of the port's variable means in an address is another rule's to say. */
function isPortVariable(subject: Subject, { source }: Setting, { argument, word }: Entry): boolean {
  const from = argument?.word ?? word
  return from !== undefined && !isLeft(subject, source, from) &&
    withPortVariable(argument?.text ?? '', subject.platform.port.env) !== undefined && namesPort(subject, source, from)
}

function faultOf(subject: Subject, setting: Setting, entry: Entry, { host, port }: Tcp): Problem | undefined {
  if (port < 0 || port > 65535) return invalid(subject, setting, entry, 'must have a port from 1 to 65535')
  // An address of numbers alone has none of these faults.
  if (/^[\d.]*$/.test(host)) return undefined
  if (host.includes(','))
    return invalid(subject, setting, entry, 'must be one address', { remedy: severalRemedy(subject, String(single(entry.value))) })
  if (host === '*')
    return invalid(subject, setting, entry, 'must have an address or nothing in front of the port, as `*` stands for none', {
      remedy: `Write \`0.0.0.0:${port}\`.`,
    })
  if (/\$(\(\w+\)|\{\w+\}|\w)/.test(host))
    return invalid(subject, setting, entry, 'must be an address: nobody expands the variable in it', {
      remedy: (entry.argument && adviceOnUnexpanded(subject, setting.source, entry.argument.text ?? '', entry.argument.word)) ??
        'Write `$(NAME)`, and define NAME in `env` before it is used.',
    })
  if (/[^\p{L}\p{N}._:%-]/u.test(host))
    return invalid(subject, setting, entry, 'must have an address or the name of a host in front of the port')
  if (isName(host) && !isOwnName(subject, host))
    return invalid(subject, setting, entry, 'must have an address of the Pod in front of the port', {
      remedy: oneDash(entry.argument?.word.value ?? '', subject.releases) ?? `Write \`0.0.0.0:${port}\`.`,
      doubt: 'unless the name is that of the Pod itself: the name of a Service is not',
    })
  return undefined
}

/** What to write for several addresses in one value. */
function severalRemedy(subject: Subject, text: string): string {
  const parts = text.split(',').slice(0, most).map((part) => part.trim())
  const addresses = parts.map((part) => parseAddress(part, subject.releases[0]?.addressSyntax))
  const isApart = isIPv6Only(subject.workload)
  const areShared = addresses.some((address, index) =>
    address.kind === 'tcp' && addresses.slice(0, index).some((other) => other.kind === 'tcp' && sharesAddress(other, address, isApart))
  )
  return areShared ? 'Write one of them, as they cannot all be bound: `[::]:8000` is for IPv4 and IPv6.'
    : 'Give each address an option of its own: `-b 0.0.0.0:8000 -b 0.0.0.0:8001`.'
}

/** A host that is to be looked up: numbers are addresses, and so is what has colons. */
const isName = (host: string): boolean =>
  !/^(localhost|localhost\.localdomain|ip6-localhost|ip6-loopback)$/.test(host) && /[g-z]/.test(host) && !host.includes(':') &&
  !/^0x[\da-f.x]+$/.test(host)

/** Names that a Pod may have for itself. */
function isOwnName({ workload, environment }: Subject, host: string): boolean {
  const spec = workload.pod?.spec
  if (!spec || host === 'host.docker.internal') return true
  const first = host.split('.')[0] ?? ''
  const own = [valueAt(spec, ['hostname']), workload.kind.kind === 'Pod' ? workload.name : undefined,
    environment.variables.get('HOSTNAME')?.value]
  // Those that a StatefulSet makes are numbered.
  const isNumbered = workload.kind.kind === 'StatefulSet' && first.startsWith(`${workload.name}-`)
  return own.includes(first) || own.includes(host) || isNumbered || valueAt(spec, ['hostAliases']) !== undefined || hasHostNetwork(workload)
}

/** An address that a gunicorn of a Pod surely binds. */
interface Held {
  readonly container: Container
  /** Which of the Pod's containers it is. */
  readonly index: number
  /** Which of the Pod's gunicorns it is, where it runs in the background of a script that goes on beside it. */
  readonly order: number | undefined
  readonly address: Tcp
  readonly text: string
  readonly mayShare: boolean
}

/** By the gunicorns of a workload: what they bind, by its port, found out once for all of them. */
const heldBy = new WeakMap<readonly Invocation[], ReadonlyMap<number, readonly Held[]>>()

function heldIn(inPod: readonly Invocation[]): ReadonlyMap<number, readonly Held[]> {
  const known = heldBy.get(inPod)
  if (known) return known
  const held = new Map<number, Held[]>()
  for (const [order, { workload, container, settings, runs, command, parents }] of inPod.entries()) {
    spend(1)
    if (runs !== 'surely' || !settings.serves || !workload.pod || workload.kind.isForeign || !isLasting(workload, container)) continue
    // What is over after a while leaves the port to others.
    const isBeside = command?.background === true
    if ((command && !command.ends && !isBeside) || parents.some((parent) => parent.kind === 'wrapper' && parent.name === 'timeout'))
      continue
    const source = settings.get('bind')?.source
    if (source === undefined || source === 'default') continue
    for (const entry of settings.entries('bind').slice(0, most)) {
      const text = single(entry.value)
      const address = typeof text === 'string' ? parseAddress(text) : undefined
      if (address?.kind !== 'tcp' || typeof text !== 'string') continue
      const others = held.get(address.port) ?? []
      held.set(address.port, others)
      if (others.length < most)
        others.push({ container, index: workload.containers.indexOf(container), order: isBeside ? order : undefined, address, text,
          mayShare: mayShare(settings) })
    }
  }
  heldBy.set(inPod, held)
  return held
}

/**
 * The containers of a Pod share its addresses, so that of two the second ends. It is told of once, of the one that is named behind.
 * Of two of a script the second may find that the first has ended.
 */
function* taken(subject: Subject, inPod: readonly Invocation[], setting: Setting, bound: readonly Bound[]): Iterable<Problem> {
  const { workload, container } = subject
  if (setting.source === 'default' || !workload.pod || !isLasting(workload, container)) return
  const held = heldIn(inPod)
  const own = workload.containers.indexOf(container)
  const isApart = isIPv6Only(workload)
  const order = subject.command && inPod.findIndex(({ command }) => command === subject.command)
  const isBefore = (
    one: Held,
  ): boolean => (one.order === undefined ? one.index < own : one.index === own && order !== undefined && one.order < order)
  for (const { entry, address } of bound) {
    const other = held.get(address.port)?.find((one) =>
      isBefore(one) && sharesAddress(one.address, address, isApart) && !(one.mayShare && mayShare(subject.settings))
    )
    if (!other) continue
    if (other.order !== undefined) {
      yield invalid(subject, setting, entry,
        `must not be an address that a gunicorn before it binds ("${other.text}"), which runs in the background of the same script`, {
        remedy: 'Give one of them another port.',
        doubt: 'unless that has ended by then',
      })
      continue
    }
    yield invalid(subject, setting, entry,
      `must not be an address that container "${other.container.name}" binds ("${other.text}"), as the containers of a Pod share its network`,
      { remedy: 'Give one of them another port.' })
  }
}

/** The kernel lets both be bound where both say so. */
const mayShare = (settings: Invocation['settings']): boolean =>
  settings.isSet('reuse_port') !== 'no' && settings.value('reuse_port') !== false

function* overlaps(subject: Subject, setting: Setting, bound: readonly Bound[]): Iterable<Problem> {
  if (mayShare(subject.settings)) return
  const isApart = isIPv6Only(subject.workload)
  for (const [index, { entry, address }] of bound.entries()) {
    const other = bound.slice(0, index).find((earlier) => sharesAddress(earlier.address, address, isApart))
    if (!other) continue
    const both = isApart ? ''
      : address.host.startsWith('::') || other.address.host.startsWith('::') ? ', and `[::]` is for IPv4 as well' : ''
    yield invalid(subject, setting, entry, `must not overlap with "${other.text}", which is bound before it${both}`, {
      remedy: 'Leave one of them out, or give it another port.',
    })
  }
}
