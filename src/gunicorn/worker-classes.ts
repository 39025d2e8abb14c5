/** What each worker class needs, and which releases have it. Sources: gunicorn's own workers, and each project's documentation. */
import { compareReleases, releases, type Release } from './catalogue.ts'

/** The distribution that a worker class of gunicorn's own needs, by its short name. */
const ownClasses: Readonly<Record<string, string>> = {
  eventlet: 'eventlet',
  gaiohttp: 'aiohttp',
  gevent: 'gevent',
  gevent_pywsgi: 'gevent',
  gevent_wsgi: 'gevent',
  tornado: 'tornado',
}

/** The same for classes that are written as a path, by the beginning of the path. */
const classPaths: readonly (readonly [prefix: string, distribution: string])[] = [
  ['aiohttp.', 'aiohttp'],
  ['flask_sockets.', 'flask-sockets'],
  ['geventwebsocket.', 'gevent-websocket'],
  ['gunicorn.workers.gaiohttp.', 'aiohttp'],
  ['gunicorn.workers.geventlet.', 'eventlet'],
  ['gunicorn.workers.ggevent.', 'gevent'],
  ['gunicorn.workers.gtornado.', 'tornado'],
  ['egg:meinheld#', 'meinheld'],
  ['meinheld.', 'meinheld'],
  ['uvicorn.workers.', 'uvicorn'],
  ['uvicorn_worker.', 'uvicorn-worker'],
]

/** The distribution that a worker class needs; undefined where it needs none, or none that is known. */
export function neededDistribution(workerClass: string): string | undefined {
  if (Object.hasOwn(ownClasses, workerClass)) return ownClasses[workerClass]
  return classPaths.find(([prefix]) => workerClass.startsWith(prefix))?.[1]
}

/**
 * The releases, of those given, that have no such worker class. None for a path or an entry point of a foreign
 * distribution, which cannot be judged from here. Source: `gunicorn.util.load_class`; no release of the catalogue
 * declares entry points of its own, so `egg:gunicorn#…` always fails.
 */
export function releasesWithout(workerClass: string, among: readonly Release[]): readonly Release[] {
  if (workerClass.startsWith('egg:')) return /^egg:gunicorn(#|$)/.test(workerClass) ? among : []
  if (workerClass.startsWith('gunicorn.workers.'))
    return among.filter((release) => everHad(workerClass) && !Object.values(release.workers).includes(workerClass))
  if (workerClass.includes('.')) return []
  const name = workerClass.replace(/^#+/, '')
  return among.filter((release) => !Object.hasOwn(release.workers, name))
}

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
