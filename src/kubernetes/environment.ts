/**
 * The environment of a container as its object tells it.
 *
 * What an image sets (`ENV`) cannot be seen here and takes no part in `$(VAR)`.
 */
import { expand, firstHoleIn, longestArgument, type Lookup } from './expansion.ts'
import type { Container, EnvVar } from './workload.ts'

export interface ContainerEnvironment {
  /** The variables of `env`, expanded: the value, or null where it is unknown. Of several with one name, the last. */
  readonly variables: ReadonlyMap<string, { readonly value: string | null; readonly entry: EnvVar }>
  /** True where an `envFrom`, which cannot be read here, may define the name. */
  readonly mayComeFromElsewhere: (name: string) => boolean
  /** What `$(NAME)` stands for in `command` and `args`. */
  readonly lookup: Lookup
}

/**
 * Names that the kubelet may define for Services of the namespace: `{SVC}_SERVICE_HOST`, `{SVC}_PORT_80_TCP`, …
 * Source: k8s.io/kubernetes/pkg/kubelet/envvars.
 */
const isServiceLink = (name: string): boolean => /^[A-Z0-9_]+$/.test(name) && /._(?:SERVICE_HOST$|SERVICE_PORT(?:$|_.)|PORT(?:_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)?$)/.test(name)

export function containerEnvironment(container: Container, enableServiceLinks: boolean): ContainerEnvironment {
  const variables = new Map<string, { value: string | null; entry: EnvVar }>()
  const mayComeFromElsewhere = (name: string): boolean => container.envFrom.some((source) => name.startsWith(source.prefix))
  const lookup: Lookup = (name) => {
    const variable = variables.get(name)
    if (variable) return variable.value
    if (mayComeFromElsewhere(name)) return null
    if (isServiceLink(name) && (enableServiceLinks || name.startsWith('KUBERNETES_'))) return null
    return undefined
  }
  // Each variable sees those above it.
  for (const entry of container.env) variables.set(entry.name, { value: valueOf(entry, lookup), entry })
  return { variables, mayComeFromElsewhere, lookup }
}

function valueOf(entry: EnvVar, lookup: Lookup): string | null {
  if (entry.value === undefined || entry.value.length > longestArgument) return null
  if (!entry.value.includes('$')) return entry.value
  const { text } = expand(entry.value, lookup)
  return firstHoleIn(text) < 0 ? text : null
}
