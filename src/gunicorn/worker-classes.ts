/** What each worker class needs, and which releases have it. Sources: gunicorn's own workers, and each project's documentation. */
import { admits } from '../python/version.ts'
import { compareReleases, releases, type Release } from './catalogue.ts'
import type { Value } from './catalogue/release-file.ts'

/** A distribution that must be there. */
export interface Need {
  readonly distribution: string
  /** The releases of gunicorn that need it (PEP 440); all where there are none. */
  readonly gunicorn?: string
  /** The first release of the distribution that no longer does. */
  readonly below?: string
  /** The Pythons whose images hold none before, so that pip takes the newest (PEP 440). */
  readonly newestOn?: string
  /** What to take instead, in words that follow a comma. */
  readonly instead?: string
}

const gevent: readonly Need[] = [{ distribution: 'gevent' }, { distribution: 'packaging', gunicorn: '>=21' }]
/** What the classes by their short names need, the distribution that they are of first. */
const ownClasses: Readonly<Record<string, readonly Need[]>> = {
  eventlet: [{ distribution: 'eventlet' }],
  gaiohttp: [{ distribution: 'aiohttp' }],
  gevent,
  gevent_pywsgi: gevent,
  gevent_wsgi: gevent,
  tornado: [{ distribution: 'tornado' }],
}

/** The same for classes that are written as a path, by the beginning of the path. Those of gevent's kind import gunicorn's own. */
const classPaths: readonly (readonly [prefix: string, needs: readonly Need[]])[] = [
  ['aiohttp.', [{ distribution: 'aiohttp' }]],
  ['flask_sockets.', [{ distribution: 'flask-sockets' }, ...gevent]],
  ['geventwebsocket.', [{ distribution: 'gevent-websocket' }, ...gevent]],
  ['gunicorn.workers.gaiohttp.', [{ distribution: 'aiohttp' }]],
  ['gunicorn.workers.geventlet.', [{ distribution: 'eventlet' }]],
  ['gunicorn.workers.ggevent.', gevent],
  ['gunicorn.workers.gtornado.', [{ distribution: 'tornado' }]],
  ['egg:meinheld#', [{ distribution: 'meinheld' }]],
  ['meinheld.', [{ distribution: 'meinheld' }]],
  // Its last release with a worker for gunicorn is 21.12.
  ['sanic.worker.', [{ distribution: 'sanic', below: '22.3', instead: 'take `-k uvicorn_worker.UvicornWorker`' }]],
  ['uvicorn.workers.', [{ distribution: 'uvicorn' }]],
  ['uvicorn_worker.', [{ distribution: 'uvicorn-worker' }]],
]

/** What gunicorn itself needs, whatever its worker class: it imports pkg_resources. */
export const needsOfGunicorn: readonly Need[] = [{ distribution: 'setuptools', gunicorn: '<21', below: '82', newestOn: '>=3.12',
  instead: 'update gunicorn' }]

/** Every distribution that is asked for: gunicorn, and what it or a worker class needs. */
export const askedDistributions: readonly string[] = [...new Set([
  'gunicorn',
  ...[...Object.values(ownClasses), ...classPaths.map(([, needs]) => needs), needsOfGunicorn].flat().map(({ distribution }) =>
    distribution
  ),
  'h2',
])]

/** What gunicorn needs for a value of a setting. */
export function needsFor(setting: string, value: Value): readonly Need[] {
  if (setting === 'worker_class') return needsOfClass(String(value))
  if (setting === 'http_protocols') return String(value).split(',').some((name) => name.trim() === 'h2') ? http2 : none
  return none
}

/** Before 27.0 gunicorn warns that there is no HTTP/2 then. */
const http2: readonly Need[] = [{ distribution: 'h2', gunicorn: '>=27' }]
const none: readonly Need[] = []

const needing = new Map<Need, ReadonlySet<Release>>()

/** Whether a release needs a distribution. */
export function isNeeded(need: Need, release: Release): boolean {
  const { gunicorn } = need
  if (gunicorn === undefined) return true
  let found = needing.get(need)
  if (!found) needing.set(need, found = new Set(releases.filter(({ name }) => admits(`==${name}`, gunicorn) === 'all')))
  return found.has(release)
}

/** The settings that may need a distribution. */
export const needingSettings = ['worker_class', 'http_protocols'] as const

function needsOfClass(workerClass: string): readonly Need[] {
  if (Object.hasOwn(ownClasses, workerClass)) return ownClasses[workerClass] ?? none
  return classPaths.find(([prefix]) => workerClass.startsWith(prefix))?.[1] ?? none
}

/** The distribution that a worker class is of; undefined where it needs none, or none that is known. */
export const neededDistribution = (workerClass: string): string | undefined => needsOfClass(workerClass)[0]?.distribution

/** Distributions of which no release is for Python 2. */
export const onlyForPython3: ReadonlySet<string> = new Set(['aiohttp', 'sanic', 'uvicorn', 'uvicorn-worker'])

/** Modules that no release of their distribution has, with what is meant. */
export const wrongPaths: readonly (readonly [wrong: string, right: string])[] = [
  ['uvicorn.worker.', 'uvicorn.workers.'],
  ['uvicorn_workers.', 'uvicorn_worker.'],
]

/**
 * The releases, of those given, that have no such worker class. None for a path or an entry point of a foreign
 * distribution, which cannot be judged from here. Source: `gunicorn.util.load_class`; no release of the catalogue
 * declares entry points of its own, so `egg:gunicorn#…` always fails.
 */
export function releasesWithout(workerClass: string, among: readonly Release[]): readonly Release[] {
  if (wrongPaths.some(([path]) => workerClass.startsWith(path))) return among
  if (workerClass.startsWith('egg:')) return /^egg:gunicorn(#|$)/.test(workerClass) ? among : []
  if (isNoClass(workerClass)) return among
  if (workerClass.startsWith('gunicorn.workers.'))
    return among.filter((release) => everHad(workerClass) && !Object.values(release.workers).includes(workerClass))
  if (workerClass.includes('.')) return []
  const name = workerClass.replace(/^#+/, '')
  return among.filter((release) => !Object.hasOwn(release.workers, name))
}

/**
 * Whether a path leads to no class, whatever is installed: what stands behind the last dot is asked of the module before it, and
 * those packages of gunicorn have modules alone.
 */
const isNoClass = (path: string): boolean =>
  path.includes('.') &&
  (/^gunicorn(\.workers)?\.[^.]*$/.test(path) || !/^[\p{L}_][\p{L}\p{N}_]*$/u.test(path.slice(path.lastIndexOf('.') + 1)))

const everHad = (path: string): boolean => releases.some((release) => Object.values(release.workers).includes(path))

/** The last release of the catalogue that has a worker class; undefined where none ever had. */
export function lastReleaseWith(workerClass: string): Release | undefined {
  const name = workerClass.replace(/^#+/, '')
  return releases.findLast((release) => Object.hasOwn(release.workers, name) || Object.values(release.workers).includes(workerClass))
}

/** The first release of the catalogue that has a worker class; undefined where none ever had. */
export function firstReleaseWith(workerClass: string): Release | undefined {
  const name = workerClass.replace(/^#+/, '')
  return releases.find((release) => Object.hasOwn(release.workers, name) || Object.values(release.workers).includes(workerClass))
}

/** The oldest versions that gunicorn's own worker classes load with, by the first release that asks for them. Source: its workers. */
const oldest: Readonly<Record<string, readonly { readonly from: string; readonly version: string }[]>> = {
  eventlet: [{ from: '19.10.0', version: '0.24.1' }, { from: '24.0.0', version: '0.40.3' }],
  gevent: [{ from: '20.0.0', version: '1.4' }, { from: '24.0.0', version: '24.10.1' }],
}

/** The oldest version of its distribution that a worker class loads with; undefined where any will do, or the release lacks the class. */
export function oldestWorking(workerClass: string, release: Release): string | undefined {
  if (releasesWithout(workerClass, [release]).length > 0) return undefined
  const isOwn = Object.hasOwn(ownClasses, workerClass) || workerClass.startsWith('gunicorn.workers.')
  const steps = isOwn ? oldest[neededDistribution(workerClass) ?? ''] : undefined
  return steps?.findLast(({ from }) => compareReleases(release.name, from) >= 0)?.version
}
