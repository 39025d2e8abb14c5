import { firstReleaseWith, lastReleaseWith, releasesWithout } from '../gunicorn/worker-classes.ts'
import { defineRule, notSupported, type Subject } from './rule.ts'
import { compareReleases } from '../gunicorn/catalogue.ts'

export default defineRule({
  id: 'unknown-worker-class',
  severity: 'error',
  summary: 'this gunicorn has no such worker class',
  why: 'gunicorn exits at start with "class uri invalid or not found".',
  remedy: "Take one of gunicorn's own worker classes, or write the class as a path: `package.module.Class`.",
  settings: ['worker_class'],

  *check(subject) {
    const setting = subject.settings.get('worker_class')
    if (!setting) return
    for (const entry of subject.settings.entries('worker_class')) {
      const name = String(entry.value)
      // A class that later releases no longer have is another rule's.
      const first = firstReleaseWith(name)
      const without = releasesWithout(name, subject.releases).filter((release) => !first || compareReleases(release.name, first.name) < 0)
      if (without.length === 0) continue
      const remedy = remedyFor(name)
      yield notSupported(subject, setting, entry, knownClasses(subject), {
        ...(remedy === undefined ? {} : { remedy }),
        ...(without.length < subject.releases.length ? { releases: without } : {}),
      })
    }
  },
})

function knownClasses({ releases }: Subject): string[] {
  const [first, ...others] = releases.map((release) => Object.keys(release.workers))
  return (first ?? []).filter((name) => others.every((names) => names.includes(name)))
}

/** Names that are taken for worker classes. */
const meant: Readonly<Record<string, string>> = {
  aiohttp: 'Write `-k aiohttp.GunicornWebWorker`.',
  meinheld: 'Write `-k egg:meinheld#gunicorn_worker`.',
  thread: 'Write `-k gthread`.',
  threads: 'Write `-k gthread`.',
  uvicorn: 'Write `-k uvicorn_worker.UvicornWorker`, and add uvicorn-worker to requirements.txt.',
}

function remedyFor(name: string): string | undefined {
  const own = /^egg:gunicorn#(.*)$/.exec(name)?.[1]
  if (own !== undefined && lastReleaseWith(own)) return `Write \`-k ${own}\`: no release declares entry points for its worker classes any more.`
  return Object.hasOwn(meant, name) ? meant[name] : undefined
}
