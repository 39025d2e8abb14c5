/** An image → what is known of it: its layers are read once, and single files again where they turn out to matter. */
import type { Attachments } from '../../oci/attached.ts'
import type { StoredImage } from '../../oci/store.ts'
import { readFiles, type Reading, type Step } from '../../oci/image.ts'
import type { Limits } from '../../oci/limits.ts'
import { evidenceIn, wantedFiles, type ImageEvidence, type Inside } from './evidence.ts'
import { withAttached } from './attached.ts'
import type { Command } from './command.ts'

export interface Look {
  readonly inside: Inside
  readonly read: Reading['read']
  /** @param command what is started in place of the image's own command */
  readonly evidence: (command?: Command) => Promise<ImageEvidence>
}

/** Files that matter lead to others: a script that starts another one, a `.pth` file that names a finder. */
const mostRounds = 4

export async function lookInto(image: StoredImage, step?: Step, limits?: Limits): Promise<Look> {
  const reading = await readFiles(image, wantedFiles(image.config), step, limits)
  const { files, problems, layerName } = reading
  let attachments: Promise<Attachments> | undefined
  const inside: Inside = { files, config: image.config, unread: problems, layerName }
  return {
    inside,
    read: reading.read,
    async evidence(command) {
      for (let round = 0;; round++) {
        files.missed.clear()
        const found = evidenceIn(inside, command)
        if (files.missed.size > 0 && round < mostRounds && (await reading.fetchMissed())) continue
        if (found.complete || !image.attached) return found
        // What is attached says less than the image does, and costs some requests.
        return withAttached(found, image, await (attachments ??= image.attached()))
      }
    },
  }
}
