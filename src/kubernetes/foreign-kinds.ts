/** Objects of kinds that are not in `kinds.ts`: where pod templates stand in them, by their shape; and what their kind may be meant to be. */
import { namesGunicorn } from '../gunicorn-name.ts'
import { isOneEditAway } from '../near.ts'
import { isObject, type Path } from './field.ts'
import { workloadKinds, type WorkloadKind } from './kinds.ts'

/** So many values of an object are looked at, and so deep. */
const mostValues = 2000
const deepest = 12

/** A kind as a message names it: `apps/v1 Deployment`. */
export const kindName = ({ apiVersion, kind }: Readonly<Record<string, unknown>>): string => `${String(apiVersion)} ${String(kind)}`

const groupOf = (apiVersion: string): string => (apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '')

/** Whether a value says of itself that it is an object of the API. */
export const isApiObject = (
  value: unknown,
): value is Readonly<Record<string, unknown>> & { readonly apiVersion: string; readonly kind: string } =>
  isObject(value) && typeof value['apiVersion'] === 'string' && typeof value['kind'] === 'string'

/** The pod templates of an object, each as a kind of its own: a list `containers` of objects with a name, and what is around it. */
export function foreignKinds(object: unknown): WorkloadKind[] {
  if (!isApiObject(object)) return []
  const { apiVersion, kind } = object
  const found: WorkloadKind[] = []
  let left = mostValues
  const walk = (value: unknown, path: Path): void => {
    if (left-- < 0 || path.length > deepest) return
    if (Array.isArray(value)) return value.forEach((item: unknown, index) => walk(item, [...path, index]))
    if (!isObject(value)) return
    const { containers } = value
    if (Array.isArray(containers) && containers.some((item) => isObject(item) && typeof item['name'] === 'string') && path.length > 0)
      found.push({ group: groupOf(apiVersion), kind, spec: path,
        metadata: path.at(-1) === 'spec' ? [...path.slice(0, -1), 'metadata'] : [...path, 'metadata'], isForeign: true })
    else for (const [key, item] of Object.entries(value)) if (isObject(item) || Array.isArray(item)) walk(item, [...path, key])
  }
  // What a cluster says of an object, and what an object holds as data, is no template.
  for (const [key, value] of Object.entries(object)) if (key !== 'metadata' && key !== 'status' && key !== 'data') walk(value, [key])
  return found
}

/** Groups whose kinds are all known: those of Kubernetes itself, which hold no other templates than those that are listed. */
const isBuiltIn = (group: string): boolean => !group.includes('.') || group.endsWith('.k8s.io')

/** Fields that hold commands in what others define: workflows, pipelines, compose files. */
const commandFields = /^(command|args|cmd|entrypoint|script|run|procCommand|start|startCommand|start_command|source|exec)$/

/** Whether what is none of the objects that are looked at speaks of gunicorn where commands stand. */
export function speaksOfGunicorn(value: unknown): boolean {
  if (isApiObject(value) && isBuiltIn(groupOf(value.apiVersion))) return false
  let left = mostValues
  const walk = (item: unknown, isCommand: boolean, depth: number): boolean => {
    if (left-- < 0 || depth > deepest) return false
    if (typeof item === 'string') return isCommand && namesGunicorn(item)
    if (Array.isArray(item)) return item.some((one: unknown) => walk(one, isCommand, depth + 1))
    return isObject(item) && Object.entries(item).some(([key, one]) => walk(one, commandFields.test(key), depth + 1))
  }
  return walk(value, false, 0)
}

/** What a kind that is none of those that are looked at is probably meant to be, as `apps/v1 Deployment`; undefined where nothing is near. */
export function meantKind(apiVersion: string, kind: string): string | undefined {
  const same = workloadKinds.find((known) => known.kind === kind && isBuiltIn(groupOf(apiVersion)) && isBuiltIn(known.group))
  const near = same ??
    workloadKinds.find((known) => known.group === groupOf(apiVersion) && isOneEditAway(known.kind.toLowerCase(), kind.toLowerCase()))
  return near &&
    `${near.group === '' ? '' : `${near.group}/`}${
      near === same || apiVersion === '' ? 'v1' : apiVersion.slice(apiVersion.indexOf('/') + 1)
    } ${near.kind}`
}
