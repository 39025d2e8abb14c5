/** What the scan knows of images: it looks into them as the webhook does, and keeps what it finds where the webhook does. */
import type { Cluster, KubernetesObject } from '../cluster/cluster.ts'
import { inStep } from '../cluster/in-step.ts'
import { secrets } from '../cluster/resources.ts'
import { holdsForScans, type Images } from '../images/images.ts'
import { imagesIn, ownerIn } from '../images/in-cluster.ts'
import type { ImageOptions } from '../images/options.ts'
import { ScannedImages } from '../images/scanned.ts'
import type { Log } from '../log.ts'
import { servingSecret, type Release } from './certificate-secrets.ts'

export interface Looking {
  readonly totals: Images['totals']
  readonly images: ScannedImages
  stop(): Promise<void>
}

/** @param entry the file that the thread runs: `cmd/looking.ts` */
export function lookingInto(cluster: Cluster, release: Release, options: ImageOptions, entry: URL, log: Log): Looking {
  const { namespace, name } = servingSecret(release)
  // What is found goes with the Secret of the webhook, whoever has found it. Only its uid is asked for.
  const secret = inStep<KubernetesObject>(cluster, secrets, { namespace, fieldSelector: `metadata.name=${name}`, metadataOnly: true }, {
    log,
  })
  const images = imagesIn(cluster, options, { namespace, entry, owner: () => ownerIn(secret.items), log, holds: holdsForScans })
  return {
    totals: images.totals,
    images: new ScannedImages(images),
    async stop() {
      await Promise.all([images.stop(), secret.stop()])
    },
  }
}
