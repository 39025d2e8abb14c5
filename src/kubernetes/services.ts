/** Services that stand beside workloads: which Pods they send traffic to, where, and what variables they make. */
import { isObject } from './field.ts'
import { valueAt } from './workload.ts'

/** The Services of a namespace. */
export type Services = (namespace: string) => readonly Service[]

export interface Service {
  readonly name: string
  readonly namespace: string
  readonly selector: Readonly<Record<string, string>>
  /** A number, or the name of a container's port. */
  readonly targets: readonly (number | string)[]
  /** The variable that holds its address as `tcp://…`, with the port in it; undefined where it makes none. */
  readonly variable: { readonly variable: string; readonly port: number } | undefined
}

/** Reads a Service; undefined for what is none, and for one that sends traffic to no Pods of its choice. */
export function readService(object: unknown): Service | undefined {
  if (valueAt(object, ['apiVersion']) !== 'v1' || valueAt(object, ['kind']) !== 'Service') return undefined
  const [name, namespace, spec] = [valueAt(object, ['metadata', 'name']), valueAt(object, ['metadata', 'namespace']) ?? '',
    valueAt(object, ['spec'])]
  if (typeof name !== 'string' || typeof namespace !== 'string' || !isObject(spec)) return undefined
  const ports = (Array.isArray(spec['ports']) ? spec['ports'] : []).filter(isObject).filter(({ protocol = 'TCP' }) => protocol === 'TCP')
  const written = isObject(spec['selector']) && spec['type'] !== 'ExternalName' ? spec['selector'] : {}
  const selector = Object.fromEntries(Object.entries(written).filter((entry): entry is [string, string] => typeof entry[1] === 'string'))
  const targets = ports.flatMap((
    { port, targetPort = port },
  ) => (typeof targetPort === 'number' || typeof targetPort === 'string' ? [targetPort] : []))
  const first = ports[0]?.['port']
  const hasAddress = spec['clusterIP'] !== 'None' && spec['type'] !== 'ExternalName'
  return { name, namespace, selector, targets,
    variable: hasAddress && typeof first === 'number' ? { variable: `${name.toUpperCase().replaceAll('-', '_')}_PORT`, port: first }
      : undefined }
}

/** Whether a Service sends traffic to Pods of these labels. */
export function selects({ selector }: Service, labels: unknown): boolean {
  const wanted = Object.entries(selector)
  return wanted.length > 0 && wanted.every(([name, value]) => valueAt(labels, [name]) === value)
}
