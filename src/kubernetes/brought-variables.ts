/**
 * Variables that a container has from objects beside it: ConfigMaps of its `envFrom`, Services of its namespace.
 * Source: k8s.io/kubernetes/pkg/kubelet, `makeEnvironmentVariables`, and pkg/kubelet/envvars.
 */
import { spend } from '../budget.ts'
import type { Path } from './field.ts'
import type { ConfigMaps } from './mounted-files.ts'
import type { Services } from './services.ts'
import type { Container, EnvFrom, Workload } from './workload.ts'

/** What is brought in, by name; what else may be is told by `unknown`. */
export interface Brought {
  readonly values: ReadonlyMap<string, { readonly value: string; readonly path: Path }>
  /** The sources that cannot be read here. */
  readonly unknown: readonly EnvFrom[]
}

/** Undefined where nothing beside it is at hand. */
export function broughtBy({ namespace, enableServiceLinks }: Workload, { envFrom, path }: Container, configMaps: ConfigMaps | undefined,
  services: Services | undefined): Brought | undefined {
  if ((envFrom.length === 0 || !configMaps) && !services) return undefined
  const values = new Map<string, { value: string; path: Path }>()
  // Whatever a source that cannot be read may define takes the place of this.
  if (services && enableServiceLinks && envFrom.every(({ configMap }) => configMap !== undefined && configMaps?.(namespace, configMap))) {
    for (const { variable, port } of services(namespace).flatMap((service) => service.variable ?? []))
      values.set(variable, { value: `tcp://10.96.0.1:${port}`, path })
  }
  const unknown: EnvFrom[] = []
  for (const [index, source] of envFrom.entries()) {
    const keys = source.configMap === undefined ? undefined : configMaps?.(namespace, source.configMap)
    if (!keys) {
      unknown.push(source)
      // What stood before it may be replaced.
      for (const name of values.keys()) if (name.startsWith(source.prefix)) values.delete(name)
      continue
    }
    spend(keys.size)
    for (const [key, value] of keys) if (value !== null) values.set(source.prefix + key, { value, path: [...path, 'envFrom', index] })
  }
  return { values, unknown }
}
