/** What of an object says which policies govern it. */
import { workloadKind } from '../kubernetes/kinds.ts'
import type { Labels } from '../kubernetes/labels.ts'
import { valueAt } from '../kubernetes/workload.ts'
import { withField } from '../watched.ts'
import type { Policy } from './policy.ts'

export interface Governed {
  readonly apiVersion: string
  readonly kind: string
  /** Empty where it is not known, as in a file that names none. */
  readonly namespace: string
  /** Empty where the API server has yet to make it (`generateName`). */
  readonly name: string
  /** The object's own labels. */
  readonly labels: Labels
  /** What made it, as far as the object tells and can be believed: of a Deployment's Pod, its ReplicaSet and the Deployment. */
  readonly owners: readonly Owner[]
  /** The kind of workload that it is made of, where a controller that is known to make such objects writes it. */
  readonly madeOf?: string
}

/**
 * Who writes an object: a controller that is known to make objects out of others, or anybody else, who may have made its owner
 * up. Undefined for what is in a file or is stored: the garbage collector takes away what names an owner that there is not.
 */
export type Writer = 'controller' | 'anybody' | undefined

/** The policy of a workload; undefined where none governs it. */
export type PolicyFor = (workload: Governed) => Policy | undefined

interface Owner {
  readonly kind: string
  readonly name: string
}

const none: readonly Owner[] = []

/** Reads an object; `namespace` is that of the request, which the object may leave out. Of labels, those of a wrong type are left out. */
export function governed(object: unknown, namespace?: string, writer?: Writer): Governed {
  const metadata = valueAt(object, ['metadata'])
  const labels = textsIn(valueAt(metadata, ['labels']))
  const made = writer === 'anybody' ? none : owners(object, labels)
  const madeOf = writer === 'controller' && isMadeOfWorkload(object) ? made[0]?.kind : undefined
  const found: { -readonly [Field in keyof Governed]: Governed[Field] } = {
    apiVersion: textOf(object, 'apiVersion'),
    kind: textOf(object, 'kind'),
    namespace: textOf(metadata, 'namespace') || (namespace ?? ''),
    name: '',
    labels,
    owners: made,
    ...(madeOf === undefined ? {} : { madeOf }),
  }
  // Exceptions alone ask for it.
  return withField(found, 'name', () => textOf(metadata, 'name'))
}

function textOf(object: unknown, field: string): string {
  const value = valueAt(object, [field])
  return typeof value === 'string' ? value : ''
}

function textsIn(value: unknown): Labels {
  if (typeof value !== 'object' || value === null) return {}
  const entries = Object.entries(value)
  const texts = entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string')
  return texts.length === entries.length ? (value as Labels) : Object.fromEntries(texts)
}

/** The reference to what controls an object; undefined where nothing does. */
function controllerOf(object: unknown): unknown {
  const references = valueAt(object, ['metadata', 'ownerReferences'])
  return Array.isArray(references) ? references.find((reference: unknown) => valueAt(reference, ['controller']) === true) : undefined
}

/** True where an object says that a workload controls it. */
export function isMadeOfWorkload(object: unknown): boolean {
  const owner = controllerOf(object)
  return workloadKind(valueAt(owner, ['apiVersion']), valueAt(owner, ['kind'])) !== undefined
}

/** The controller, and what made that in its turn, which its name tells. */
function owners(object: unknown, labels: Labels): readonly Owner[] {
  const controller = controllerOf(object)
  const [kind, name] = [textOf(controller, 'kind'), textOf(controller, 'name')]
  if (kind === '' || name === '') return none
  return [{ kind, name }, ...makerOf(kind, name, labels)]
}

/**
 * A Deployment (or a Rollout) puts a hash of the template behind its name and into a label, a CronJob the minute of its schedule.
 * Source: k8s.io/kubernetes/pkg/controller/deployment/sync.go, pkg/controller/cronjob/utils.go.
 */
function makerOf(kind: string, name: string, labels: Labels): readonly Owner[] {
  if (kind === 'Job') return /-\d+$/.test(name) ? [{ kind: 'CronJob', name: name.replace(/-\d+$/, '') }] : none
  for (const [maker, label] of [['Deployment', 'pod-template-hash'], ['Rollout', 'rollouts-pod-template-hash']] as const) {
    const suffix = `-${labels[label] ?? ''}`
    if (kind === 'ReplicaSet' && suffix.length > 1 && name.endsWith(suffix)) return [{ kind: maker, name: name.slice(0, -suffix.length) }]
  }
  return none
}
