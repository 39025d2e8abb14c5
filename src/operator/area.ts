/** Which workloads are to be looked at (again): kinds by namespaces. */
import { selects, type Labels } from '../kubernetes/labels.ts'
import type { ExceptionObject, PolicyObject } from '../policy/policies.ts'
import { soundException, soundPolicy } from '../policy/sound.ts'
import { isOptedOut } from '../cluster/excluded.ts'

/** Kinds are named as policies name them (`Deployment`); undefined stands for all. */
export interface Rectangle {
  readonly kinds?: ReadonlySet<string> | undefined
  readonly namespaces?: ReadonlySet<string> | undefined
}

/** All that any of its rectangles covers. */
export type Area = readonly Rectangle[]

export const everything: Area = [{}]

/** Whether any policy may govern workloads of a kind. */
export function governedKinds(policies: Iterable<PolicyObject>): (kind: string) => boolean {
  const named = [...policies].flatMap((object) => {
    const { policy } = soundPolicy(object)
    return policy ? [policy.spec.match?.kinds] : []
  })
  return (kind) => named.some((kinds) => kinds === undefined || kinds.includes(kind))
}

/** The namespaces in which workloads of a kind are to be looked at; `all` of them, or none where the set is empty. */
export function namespacesOf(area: Area, kind: string): ReadonlySet<string> | 'all' {
  const covering = area.filter(({ kinds }) => kinds === undefined || kinds.has(kind))
  if (covering.some(({ namespaces }) => namespaces === undefined)) return 'all'
  return new Set(covering.flatMap(({ namespaces }) => [...(namespaces ?? [])]))
}

/** What the scan goes by, as it stood at one moment. */
export interface Standing {
  readonly policies: ReadonlyMap<string, PolicyObject>
  /** By `namespace/name`. */
  readonly exceptions: ReadonlyMap<string, ExceptionObject>
  /** The labels of each namespace. */
  readonly namespaces: ReadonlyMap<string, Labels>
}

/** The workloads for which something else may be found once `before` has become `after`. */
export function affected(before: Standing, after: Standing): Area {
  return [...affectedByPolicies(before, after), ...affectedByExceptions(before, after), ...affectedByLabels(before, after)]
}

function affectedByPolicies(before: Standing, after: Standing): Rectangle[] {
  return changed(before.policies, after.policies).flatMap((name) =>
    // What it governed, and what it governs.
    [before.policies.get(name), after.policies.get(name)].flatMap((policy) => {
      const governing = policy && soundPolicy(policy).policy
      return governing ? [governedBy(governing, after.namespaces)] : []
    })
  )
}

function governedBy({ spec }: PolicyObject, namespaces: Standing['namespaces']): Rectangle {
  const selector = spec.match?.namespaceSelector
  return {
    kinds: kindsOf(spec),
    namespaces: selector && new Set([...namespaces].flatMap(([name, labels]) => (selects(selector, labels) ? [name] : []))),
  }
}

const kindsOf = ({ match }: PolicyObject['spec']): ReadonlySet<string> | undefined => match?.kinds && new Set(match.kinds)

function affectedByExceptions(before: Standing, after: Standing): Rectangle[] {
  return changed(before.exceptions, after.exceptions).flatMap((key) =>
    [before.exceptions.get(key), after.exceptions.get(key)].flatMap((exception) => (exception ? heldFor(exception) : []))
  )
}

/** What an exception is about: nothing where it is broken. */
export function heldFor(object: ExceptionObject): Rectangle[] {
  const { exception } = soundException(object)
  if (!exception) return []
  const { workloads } = exception.spec
  const kinds = workloads.flatMap(({ kind }) => kind ?? [])
  return [{ namespaces: new Set([object.metadata.namespace]), kinds: kinds.length === workloads.length ? new Set(kinds) : undefined }]
}

/** A namespace that has come or gone is no matter: what is created in it is judged as it comes. */
function affectedByLabels(before: Standing, after: Standing): Rectangle[] {
  const selecting = [...after.policies.values()].flatMap((object) => soundPolicy(object).policy ?? [])
  return [...after.namespaces].flatMap(([name, labels]) => {
    const earlier = before.namespaces.get(name)
    if (!earlier || JSON.stringify(earlier) === JSON.stringify(labels)) return []
    const namespaces = new Set([name])
    if (isOptedOut(earlier) !== isOptedOut(labels)) return [{ namespaces }]
    return selecting.flatMap(({ spec }) => {
      const selector = spec.match?.namespaceSelector
      return selector && selects(selector, earlier) !== selects(selector, labels) ? [{ namespaces, kinds: kindsOf(spec) }] : []
    })
  })
}

interface Specified {
  readonly spec: unknown
}

/** The keys whose objects say something else than before; status and metadata say nothing. */
function changed(before: ReadonlyMap<string, Specified>, after: ReadonlyMap<string, Specified>): string[] {
  const text = (object: Specified | undefined): string | undefined => object && JSON.stringify(object.spec)
  return [...new Set([...before.keys(), ...after.keys()])].filter((key) => text(before.get(key)) !== text(after.get(key)))
}
