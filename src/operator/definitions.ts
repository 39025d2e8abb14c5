/** Paddock's own CustomResourceDefinitions. Helm leaves those that are there as they are, so the operator brings them up to date. */
import type { Log } from '../log.ts'
import { customResourceDefinitions, versionAnnotation } from '../policy/custom-resource-definitions.ts'
import type { Cluster, KubernetesObject, Resource } from '../cluster/cluster.ts'

export const definitions: Resource = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  plural: 'customresourcedefinitions',
  kind: 'CustomResourceDefinition',
  namespaced: false,
}

/**
 * Applies those of this release over older ones. Newer ones stay: after a way back to an older release, nothing that is stored
 * is to be lost. Without definitions none are made, as the operator has no right to: they come with the chart.
 * Never rejects; what could not be done is logged, and tried again at the next start.
 */
export async function upgradeDefinitions(cluster: Pick<Cluster, 'get' | 'apply'>, version: string, log: Log): Promise<void> {
  for (const wanted of customResourceDefinitions(version)) {
    const { name } = wanted.metadata
    try {
      const standing = await cluster.get<KubernetesObject>(definitions, { name })
      if (!standing) {
        log.error('definition missing', { name, remedy: 'Apply the CustomResourceDefinitions of the chart.' })
        continue
      }
      const present = standing.metadata.annotations?.[versionAnnotation]
      if (present !== undefined && compareVersions(present, version) >= 0) continue
      await cluster.apply(definitions, wanted, { fieldManager: 'paddock-operator', force: true })
      log.info('definition brought up to date', { name, from: present ?? 'unknown', to: version })
    } catch (error) {
      log.error('definition not brought up to date', { name, error: (error as Error).message })
    }
  }
}

/** Below 0 where `a` came before `b`. Source: https://semver.org, section 11. */
export function compareVersions(a: string, b: string): number {
  const [[release, before], [otherRelease, otherBefore]] = [parts(a), parts(b)]
  const byRelease = compare(release, otherRelease)
  if (byRelease !== 0) return byRelease
  if (before === '' || otherBefore === '') return before === otherBefore ? 0 : before === '' ? 1 : -1
  return compare(before, otherBefore)
}

/** `1.2.0-rc.1+build` → `1.2.0`, `rc.1`. */
function parts(version: string): [release: string, before: string] {
  const [text = ''] = version.split('+')
  const dash = text.indexOf('-')
  return dash < 0 ? [text, ''] : [text.slice(0, dash), text.slice(dash + 1)]
}

const isNumber = (text: string): boolean => /^\d+$/.test(text)

function compare(a: string, b: string): number {
  const [left, right] = [a.split('.'), b.split('.')]
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const [one, other] = [left[index], right[index]]
    if (one === other) continue
    if (one === undefined || other === undefined) return one === undefined ? -1 : 1
    if (isNumber(one) && isNumber(other)) {
      if (Number(one) !== Number(other)) return Number(one) - Number(other)
    } else if (isNumber(one) !== isNumber(other)) return isNumber(one) ? -1 : 1
    else return one < other ? -1 : 1
  }
  return 0
}
