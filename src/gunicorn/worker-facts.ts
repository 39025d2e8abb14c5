/**
 * What the worker classes make of gunicorn's settings: which they pass over, which they die of, and what `timeout` is to them.
 * Sources: gunicorn's own workers (21.2 to 27.0), aiohttp 3.14's `worker.py`, uvicorn-worker 0.4's `_workers.py`; each was started.
 */
import type { AgreedSettings } from './agreed-settings.ts'
import type { Value } from './catalogue/release-file.ts'

/** Worker classes that are alike. */
export interface WorkerFamily {
  /** In words: `the gevent worker`. */
  readonly told: string
  /** Short names, and beginnings of paths, which end in a dot. */
  readonly classes: readonly string[]
  /** What `timeout` ends: a worker with a request that takes longer, or only one that is stuck as a whole. */
  readonly timeout: 'request' | 'worker'
  /** Settings that it passes over, each with the reason, in words. */
  readonly ignores: Readonly<Record<string, string>>
  /** Settings that it ends at start for, by what their value holds, each with what it takes instead. */
  readonly refuses: Readonly<Record<string, { readonly pattern: RegExp; readonly told: string; readonly instead: string }>>
}

const noThreads = { threads: 'only the gthread worker has threads' }

const families: readonly WorkerFamily[] = [
  { told: 'the sync worker', classes: ['sync', 'gunicorn.workers.sync.'], timeout: 'request', ignores: {}, refuses: {} },
  { told: 'the gthread worker', classes: ['gthread', 'gunicorn.workers.gthread.'], timeout: 'worker', ignores: {}, refuses: {} },
  {
    told: 'the gevent worker',
    classes: ['gevent', 'gevent_pywsgi', 'gevent_wsgi', 'gunicorn.workers.ggevent.', 'geventwebsocket.', 'flask_sockets.'],
    timeout: 'worker',
    ignores: noThreads,
    refuses: {},
  },
  { told: 'the eventlet worker', classes: ['eventlet', 'gunicorn.workers.geventlet.'], timeout: 'worker', ignores: noThreads, refuses: {} },
  {
    told: 'the tornado worker',
    classes: ['tornado', 'gunicorn.workers.gtornado.'],
    // A WSGI application runs within the loop.
    timeout: 'request',
    ignores: { ...noThreads, accesslog: 'it writes no access log', access_log_format: 'it writes no access log' },
    refuses: {},
  },
  { told: 'the asgi worker', classes: ['asgi', 'gunicorn.workers.gasgi.'], timeout: 'worker', ignores: noThreads, refuses: {} },
  {
    told: "uvicorn's worker",
    classes: ['uvicorn.workers.', 'uvicorn_worker.'],
    timeout: 'worker',
    ignores: { ...noThreads, access_log_format: 'it writes lines of its own' },
    refuses: {},
  },
  {
    told: "aiohttp's worker",
    classes: ['aiohttp.'],
    timeout: 'worker',
    ignores: noThreads,
    refuses: {
      access_log_format: { pattern: /%\([^()]+\)/, told: 'aiohttp ends at start for `%(name)s`, and takes a format of its own',
        instead: '%a %t "%r" %s %b %Tf' },
    },
  },
]

const byName: ReadonlyMap<string, WorkerFamily> = new Map(
  families.flatMap((family) => family.classes.filter((name) => !name.endsWith('.')).map((name) => [name, family])),
)
const byPath: readonly (readonly [string, WorkerFamily])[] = families.flatMap((family) =>
  family.classes.filter((name) => name.endsWith('.')).map((name) => [name, family] as const)
)

/** The family of a worker class; undefined for one of somebody else's. */
export const familyOf = (workerClass: string): WorkerFamily | undefined =>
  byName.get(workerClass) ?? byPath.find(([path]) => workerClass.startsWith(path))?.[1]

/** The family of the worker that runs: with threads, sync is gthread. Undefined where it is not known. */
export function workerFamily(settings: AgreedSettings): WorkerFamily | undefined {
  const workerClass = settings.value('worker_class')
  const family = typeof workerClass === 'string' ? familyOf(workerClass) : undefined
  if (family !== families[0]) return family
  const threads = settings.value('threads')
  return typeof threads !== 'number' ? undefined : threads > 1 ? families[1] : family
}

/** Settings whose value some worker ends at start for. */
const fatal: ReadonlySet<string> = new Set(families.flatMap(({ refuses }) => Object.keys(refuses)))

/** What comes of putting in a setting: `unknown` where the worker class is not known, and there is one that would end at start for it. */
export function effectOf(name: string, value: Value, settings: AgreedSettings): 'taken' | 'ignored' | 'refused' | 'unknown' {
  const workerClass = settings.value('worker_class')
  if (typeof workerClass !== 'string') return fatal.has(name) ? 'unknown' : 'taken'
  const family = familyOf(workerClass)
  if (!family) return 'taken'
  if (family.refuses[name]?.pattern.test(String(value))) return 'refused'
  return family.ignores[name] === undefined ? 'taken' : 'ignored'
}
