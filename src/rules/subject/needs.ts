/** What the settings need beside gunicorn. */
import type { Release } from '../../gunicorn/catalogue.ts'
import type { Entry, Setting } from '../../gunicorn/settings.ts'
import { isNeeded, needingSettings, needsFor, type Need } from '../../gunicorn/worker-classes.ts'
import type { Subject } from '../rule.ts'

/** What the settings need beside gunicorn, each with the releases that need it where others do not. */
export function* needs(
  { settings, releases }: Subject,
): Iterable<{ setting: Setting; entry: Entry; need: Need; isFirst: boolean; releases: readonly Release[] | undefined }> {
  for (const name of needingSettings) {
    const setting = settings.get(name)
    if (!setting) continue
    for (const entry of settings.entries(name))
      for (const [index, need] of needsFor(name, entry.value ?? null).entries()) {
        const needing = releases.filter((release) => isNeeded(need, release))
        if (needing.length > 0)
          yield { setting, entry, need, isFirst: index === 0, releases: needing.length < releases.length ? needing : undefined }
      }
  }
}
