/** What looks into images with the credentials that a cluster has for them, and keeps there what it finds. */
import { readFileSync } from 'node:fs'
import type { Cluster, KubernetesObject, OwnerReference } from '../cluster/cluster.ts'
import { ImageStore } from '../cluster/image-store.ts'
import { pullCredentials } from '../cluster/pull-secrets.ts'
import type { Log } from '../log.ts'
import { Images, type Holds } from './images.ts'
import { LookingThread } from './looking-thread.ts'
import type { ImageOptions } from './options.ts'

interface Settings {
  /** Paddock's own: where it is kept. */
  readonly namespace: string
  /** The file that the thread runs: `cmd/looking.ts`. */
  readonly entry: URL
  /** What goes with it takes along what is kept; nothing is kept while that is not known. */
  readonly owner: () => OwnerReference | undefined
  readonly log: Log
  readonly holds?: Holds
}

export function imagesIn(cluster: Cluster, { platform, registryCa, insecure }: ImageOptions,
  { namespace, entry, owner, log, holds }: Settings): Images {
  const authorities = registryCa === undefined ? undefined : readFileSync(registryCa, 'utf8')
  const looks = new LookingThread({ entry, options: { platform, authorities, insecure }, log })
  const store = new ImageStore(cluster, { namespace, owner, log })
  return new Images({ looks, store, credentials: (named) => pullCredentials(cluster, named), log, now: () => performance.now(), holds })
}

/** The Secret of the serving certificate, as the owner of what is kept; undefined until it is there. */
export function ownerIn(items: ReadonlyMap<string, KubernetesObject>): OwnerReference | undefined {
  const [found] = items.values()
  const { name, uid } = found?.metadata ?? {}
  return name === undefined || uid === undefined ? undefined : { apiVersion: 'v1', kind: 'Secret', name, uid }
}
