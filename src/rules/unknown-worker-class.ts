import { oneDash, quotesStay, withoutQuotes } from '../gunicorn/advice.ts'
import { compareReleases } from '../gunicorn/catalogue.ts'
import { nearWord } from '../gunicorn/near-names.ts'
import type { Entry, Setting } from '../gunicorn/settings.ts'
import { firstReleaseWith, lastReleaseWith, releasesWithout, wrongPaths } from '../gunicorn/worker-classes.ts'
import { notSupported } from './problem.ts'
import { defineRule, type Subject } from './rule.ts'
import { adviceOnUnexpanded } from './subject/unexpanded.ts'

export default defineRule({
  id: 'unknown-worker-class',
  severity: 'error',
  action: 'Deny',
  summary: 'this gunicorn has no such worker class',
  why: 'gunicorn exits at start with "class uri invalid or not found".',
  remedy: "Take one of gunicorn's own worker classes, or write the class as a path: `package.module.Class`.",
  settings: ['worker_class'],

  *check(subject) {
    const setting = subject.settings.get('worker_class')
    if (!setting) return
    for (const entry of subject.settings.entries('worker_class')) {
      // Of None another rule speaks.
      if (entry.value === null) continue
      const name = String(entry.value)
      // A class that later releases no longer have is another rule's.
      const first = firstReleaseWith(name)
      const without = releasesWithout(name, subject.releases).filter((release) => !first || compareReleases(release.name, first.name) < 0)
      if (without.length === 0) continue
      const remedy = remedyFor(name, subject, setting, entry)
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

function remedyFor(name: string, subject: Subject, { source }: Setting, { argument }: Entry): string | undefined {
  const advice = oneDash(argument?.word.value ?? '', subject.releases) ?? adviceOnUnexpanded(subject, source, name, argument?.word)
  if (advice !== undefined) return advice
  const bare = withoutQuotes(name)
  if (bare !== undefined) return `Write \`-k ${bare}\`: ${quotesStay}.`
  const path = /^([\w.]+\.\w+):(\w+)$/.exec(name)
  if (path) return `Write \`-k ${path[1]}.${path[2]}\`: a dot stands before the class, as before all else.`
  const module = /^gunicorn(?:\.workers)?\.(?:g(?=gevent|tornado|eventlet))?(\w+)$/.exec(name)?.[1]
  if (module !== undefined && knownClasses(subject).includes(module)) return `Write \`-k ${module}\`: that is a module, and no class.`
  const near = nearWord(name, knownClasses(subject))
  if (near !== undefined) return `Write \`-k ${near}\`.`
  const own = /^egg:gunicorn#(.*)$/.exec(name)?.[1]
  if (own !== undefined && lastReleaseWith(own))
    return `Write \`-k ${own}\`: no release declares entry points for its worker classes any more.`
  const [wrong, right] = wrongPaths.find(([path]) => name.startsWith(path)) ?? []
  if (wrong !== undefined) return `Write \`-k ${right}${name.slice(wrong.length)}\`.`
  return Object.hasOwn(meant, name) ? meant[name] : undefined
}
