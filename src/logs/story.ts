/** The lines of gunicorn's error log → what happened to its processes. */
import type { Circumstances } from './circumstances.ts'
import { Source, type Arbiter, type Worker } from './processes.ts'
import { evidenceOf, type Evidence, type LineAt, type Tally } from './tally.ts'
import type { Traceback } from './traceback.ts'
import { ofArbiters, recognise } from './wording.ts'

/** The line of gunicorn's error log that is looked at. */
export interface ErrorLine extends LineAt {
  readonly pid: number
  readonly level: string
  readonly message: string
  /** True where it stands behind something else on its line. */
  readonly isInside: boolean
}

/** Seconds after which a death is no longer one while booting. */
const bootTime = 10

/** Workers that end one after another while they boot: so many are a loop. */
const loopLength = 3

/** Seconds from the beginning of a log that was cut within which what led to a death may be missing. */
const cutTime = 35

/** Signals by which something goes wrong in a process itself. */
const crashes: Readonly<Record<string, string>> = { 4: 'SIGILL', 6: 'SIGABRT', 7: 'SIGBUS', 8: 'SIGFPE', 11: 'SIGSEGV', 31: 'SIGSYS',
  SIGILL: 'SIGILL', SIGABRT: 'SIGABRT', SIGBUS: 'SIGBUS', SIGFPE: 'SIGFPE', SIGSEGV: 'SIGSEGV', SIGSYS: 'SIGSYS' }

/** Worker classes whose one loop serves all requests, or accepts them: it is what gives no sign of life there. */
const isSync = (workerClass: string | undefined): boolean =>
  workerClass === undefined || workerClass === 'sync' || workerClass.endsWith('SyncWorker')

/** What a worker that could not boot said of it. */
export type BootFailure = 'application-import-failed' | 'application-not-found'

export class Story {
  readonly tally: Tally
  readonly circumstances: Circumstances
  readonly #sources = new Map<string, Source>()
  #mayBeRefused: { readonly reason: string; readonly time: number; readonly evidence: Evidence } | undefined
  readonly releases = new Set<string>()
  readonly workerClasses = new Set<string>()
  /** Paths whose requests were killed, and how often. */
  readonly killedPaths = new Map<string, number>()
  /** Signals that ended workers. */
  readonly killers = new Set<string>()
  /** The worker class that could not be loaded, and what Python said of it. */
  refusedClass: { readonly name: string; reason: string } | undefined
  /** True until a gunicorn starts behind it. */
  #isClassRefused = false
  /** What is said of a fault that words of gunicorn or Python tell. */
  readonly reasons = new Map<string, string>()
  /** True once bytes were seen that are no text: what was not said may have been lost. */
  isDamaged = false
  /** Deaths that nothing explains and no conclusion names. */
  unexplained = 0
  /** Errors of requests whose access line has not come yet, by source. */
  readonly failing = new Map<string, string[]>()

  constructor(tally: Tally, circumstances: Circumstances) {
    this.tally = tally
    this.circumstances = circumstances
  }

  /** The most workers that were alive at once below one arbiter, and how many sources there are; undefined where no start is in the log. */
  get seenWorkers(): number | undefined {
    const most = [...this.#sources.values()].flatMap((source) => [...source.arbiters.values()]).filter(({ isWhole }) => isWhole).map((
      { mostWorkers },
    ) => mostWorkers)
    return most.length > 0 ? Math.max(...most) || undefined : undefined
  }

  /** How many sources have answered requests. */
  get servingSources(): number {
    return [...this.#sources.values()].filter(({ requests }) => requests > 0).length
  }

  source(name: string): Source {
    let source = this.#sources.get(name)
    if (!source) {
      if (this.#sources.size > 10_000) this.#sources.clear()
      this.#sources.set(name, source = new Source())
    }
    return source
  }

  /** @returns whether it is one of gunicorn's */
  line(line: ErrorLine, sourceName: string): boolean {
    const known = recognise(line.message)
    if (!known) return false
    const source = this.source(sourceName)
    // What stands in the middle of a line may be a text that the application prints: it must fit what is known.
    if (line.isInside && !source.arbiters.has(line.pid) && !source.workers.has(line.pid)) return false
    // Nor does anybody say that of himself.
    if (ofArbiters.has(known.text) && (source.isWorker(line.pid) || Number(known.values[0]) === line.pid)) return false
    if (Number.isNaN(source.firstTime)) source.firstTime = line.time
    const evidence = evidenceOf(line)
    const [first = '', second = ''] = known.values
    const { time } = line
    switch (known.text) {
      case 'Starting gunicorn %s':
        this.#start(source.started(line.pid, time, evidence), first)
        break
      case 'Listening at: %s (%s)':
        source.arbiterOf(line.pid, time, evidence).isListening = true
        break
      case 'Using worker: %s': {
        const arbiter = source.arbiterOf(line.pid, time, evidence)
        arbiter.workerClass = first === 'threads' ? 'gthread' : first
        this.workerClasses.add(arbiter.workerClass)
        break
      }
      case 'Booting worker with pid: %s':
        this.tally.add('worker-boot', time, evidence)
        source.booted(Number(first), time, evidence)
        break
      case 'Worker exiting (pid: %s)':
        this.#exiting(source, source.workers.get(Number(first)), line, evidence)
        break
      case 'Autorestarting worker after current request.':
        this.#speaks(source, line.pid).isAskedToEnd = true
        this.tally.add('routine-restart', time, evidence)
        break
      case 'WORKER TIMEOUT (pid:%s)':
        this.#timeout(source, Number(first), line, evidence)
        break
      case 'Worker graceful timeout (pid:%s)':
        this.tally.add('forced-restart', time, evidence)
        break
      case 'Error handling request %s %s':
        this.#failed(source, sourceName, line, second, evidence)
        break
      case 'Error handling request %s':
        this.#failed(source, sourceName, line, first, evidence)
        break
      case 'Error handling request (no URI read)': {
        const timeout = source.workers.get(line.pid)?.timeout
        if (timeout && timeout.isSilent === undefined) {
          timeout.isSilent = true
          this.tally.add('silent-worker', time, evidence)
        }
        break
      }
      case 'Invalid request from ip=%s: %s':
        this.tally.add('refused-request', time, evidence)
        break
      case 'Worker with pid %s was terminated due to signal %s':
      case 'Worker (pid:%s) was sent %s!':
      case 'Worker (pid:%s) was sent %s! Perhaps out of memory?':
        this.#died(source, source.arbiterOf(line.pid, time, evidence), Number(first), second, line, evidence)
        break
      case 'Worker (pid:%s) exited with code %s':
      case 'Worker (pid:%s) exited with code %s.':
        this.#exited(source, source.arbiterOf(line.pid, time, evidence), Number(first), Number(second), line, evidence)
        break
      case 'Handling signal: %s':
        this.#signal(source, source.arbiterOf(line.pid, time, evidence), first, line, evidence)
        break
      case 'Hang up: %s':
        this.tally.add('routine-restart', time, evidence)
        break
      case 'Shutting down: %s':
        this.#shutDown(source, source.arbiterOf(line.pid, time, evidence), line, evidence)
        break
      case 'Reason: %s':
        this.#reason(first, source.arbiterOf(line.pid, time, evidence), time, evidence)
        break
      case 'Connection in use: %s':
        this.#notListening(source.arbiterOf(line.pid, time, evidence), 'in use', first, evidence)
        break
      case 'Invalid address: %s':
        this.#notListening(source.arbiterOf(line.pid, time, evidence), 'invalid', first, evidence)
        break
      case 'connection to %s failed: %s':
        if (!/Errno (?:98|48)\b/.test(second))
          this.#notListening(source.arbiterOf(line.pid, time, evidence), 'failed', `${first}: ${second}`, evidence)
        break
      case "Can't connect to %s":
        this.#neverListened(source.arbiterOf(line.pid, time, evidence), first, time, evidence)
        break
      case 'Control server error: %s':
        if (/Errno 30\b|Read-only file system/.test(first)) this.#readOnly(time, evidence, 'the control socket')
        break
      default:
        // Any other word of a worker shows that it is up.
        if (source.workers.has(line.pid)) this.#speaks(source, line.pid)
    }
    return true
  }

  #start(arbiter: Arbiter, release: string): void {
    this.#mayBeRefused = undefined
    this.#isClassRefused = false
    arbiter.release = release
    this.tally.add('start', arbiter.startedAt, arbiter.evidence)
    if (/^\d[\w.]*$/.test(release) && this.releases.size < 100) this.releases.add(release)
  }

  #speaks(source: Source, pid: number): Pick<Worker, 'isAskedToEnd'> {
    const worker = source.workers.get(pid)
    if (!worker) return { isAskedToEnd: false }
    worker.hasSpoken = true
    return worker
  }

  #timeout(source: Source, pid: number, line: ErrorLine, evidence: Evidence): void {
    const arbiter = source.arbiterOf(line.pid, line.time, evidence)
    const worker = source.workers.get(pid) ?? source.booted(pid, NaN, evidence)
    // A second line of the same death is none of another.
    if (worker.timeout) return
    worker.timeout = { time: line.time, evidence }
    this.tally.add('worker-timeout', line.time, evidence)
    if (!isSync(arbiter.workerClass ?? this.circumstances.workerClass) && this.#hadBooted(source, arbiter, worker, line.time)) {
      worker.timeout.isSilent = true
      this.tally.add('silent-worker', line.time, evidence)
    }
    this.#bootEnded(source, arbiter, worker, line.time, evidence, (this.circumstances.timeout ?? 30) + bootTime)
  }

  /** Whether a worker was up when it gave no more sign of life: up to 21.2 the import of the application counts too. */
  #hadBooted(source: Source, arbiter: Arbiter, worker: Worker, time: number): boolean {
    const major = Number((arbiter.release ?? this.circumstances.gunicorn)?.split('.')[0])
    return major >= 22 || worker.hasSpoken || source.requests > worker.requestsBefore ||
      time - worker.bootedAt > ((this.circumstances.timeout ?? 30) + 3) * 1000
  }

  /** A process of gunicorn's has logged what is not gunicorn's. */
  spoke(sourceName: string, pid: number): void {
    const worker = this.source(sourceName).workers.get(pid)
    if (worker) worker.hasSpoken = true
  }

  #failed(source: Source, sourceName: string, line: ErrorLine, uri: string, evidence: Evidence): void {
    const worker = source.workers.get(line.pid)
    if (worker) worker.hasSpoken = true
    const path = uri.split('?', 1)[0] ?? uri
    if (worker?.timeout && worker.timeout.path === undefined && worker.timeout.isSilent !== true) {
      worker.timeout.path = path
      this.killedPaths.set(path, (this.killedPaths.get(path) ?? 0) + 1)
    } else this.tally.add('failed-request', line.time, evidence)
    const failing = this.failing.get(sourceName) ?? []
    failing.push(path)
    if (failing.length > 64) failing.shift()
    this.failing.set(sourceName, failing)
  }

  #exiting(source: Source, worker: Worker | undefined, line: ErrorLine, evidence: Evidence): void {
    if (!worker && source.arbiter?.isWhole) source.arbiter.hasGap = true
    if (!worker || worker.isExiting) return
    worker.isExiting = true
    source.leaves(worker)
    this.tally.add('worker-exit', line.time, evidence)
    if (worker.arbiter && !worker.timeout) this.#bootEnded(source, worker.arbiter, worker, line.time, evidence, bootTime)
  }

  /** A worker has ended: in a row of those that ended while they booted, it is one more, or the end of the row. */
  #bootEnded(source: Source, arbiter: Arbiter, worker: Worker, time: number, evidence: Evidence, within: number): void {
    const isBooting = time - worker.bootedAt <= within * 1000 && source.requests === worker.requestsBefore && !worker.hasSpoken
    if (!isBooting || source.isMixed || worker.isAskedToEnd || arbiter.stop || time - arbiter.reloadedAt < cutTime * 1000) {
      arbiter.failedBoots = []
      return
    }
    // Those that were started side by side end together, as when all are told to: the next one has to be started behind the end of one.
    const [last] = arbiter.failedBoots.slice(-1)
    if (last && worker.evidence.line < last.line) return
    arbiter.failedBoots.push(evidence)
    if (arbiter.failedBoots.length < loopLength) return
    for (const boot of arbiter.hasLooped ? [evidence] : arbiter.failedBoots) this.tally.add('boot-loop', time, boot)
    arbiter.hasLooped = true
    arbiter.failedBoots = arbiter.failedBoots.slice(-loopLength)
  }

  /** True where the log begins so shortly before that what led to this may have been cut off. */
  #mayBeCut(source: Source, arbiter: Arbiter, time: number): boolean {
    const first = source.arbiters.size > 1 ? arbiter.startedAt : source.firstTime
    return arbiter.hasGap || (!arbiter.isWhole && !(time - first > cutTime * 1000))
  }

  #died(source: Source, arbiter: Arbiter, pid: number, signal: string, line: ErrorLine, evidence: Evidence): void {
    const worker = source.workers.get(pid)
    if (worker) source.leaves(worker)
    source.workers.delete(pid)
    if (worker?.timeout) return
    const name = crashes[signal]
    if (name !== undefined) {
      this.killers.add(name)
      return this.tally.add('worker-killed', line.time, evidence)
    }
    if (signal !== '9' && signal !== 'SIGKILL') return
    const isReloaded = line.time - arbiter.reloadedAt < 600_000 && !((worker?.bootedAt ?? 0) > arbiter.reloadedAt)
    if (arbiter.stop || isReloaded || worker?.isAskedToEnd || worker?.isExiting) {
      // A quick stop kills what does not end at once, and one that says that it ends has answered its requests.
      const isPatient = arbiter.stop === undefined || (arbiter.stop.signal === 'term' && !(line.time - arbiter.stop.time < 1000))
      if (isPatient && !(worker?.isExiting && arbiter.stop)) this.tally.add('forced-restart', line.time, evidence)
      return
    }
    if (source.isMixed || this.isDamaged || this.#mayBeCut(source, arbiter, line.time)) return void this.unexplained++
    this.killers.add('SIGKILL')
    this.tally.add('worker-killed', line.time, evidence)
    this.tally.add('out-of-memory', line.time, evidence)
  }

  #exited(source: Source, arbiter: Arbiter, pid: number, code: number, line: ErrorLine, evidence: Evidence): void {
    const worker = source.workers.get(pid)
    // Up to 23 it is said twice.
    if (!worker) return
    source.leaves(worker)
    source.workers.delete(pid)
    if (worker.timeout || worker.hasFailedToBoot) return
    if (!worker.isExiting) this.#bootEnded(source, arbiter, worker, line.time, evidence, bootTime)
    const isBooting = line.time - worker.bootedAt <= bootTime * 1000
    if (!isBooting && !arbiter.stop && (code === 3 || code === 4)) {
      this.reasons.set('worker-killed',
        `it ended itself with status ${code}, which gunicorn takes for a failure to boot: it stopped altogether`)
      this.tally.add('worker-killed', line.time, evidence)
    } else if (!isBooting && !arbiter.stop) this.unexplained++
  }

  #signal(source: Source, arbiter: Arbiter, signal: string, line: ErrorLine, evidence: Evidence): void {
    if (signal === 'hup' || signal === 'ttou' || signal === 'usr2' || signal === 'winch') {
      arbiter.reloadedAt = line.time
      if (signal === 'hup') { for (const worker of source.of(arbiter)) worker.isAskedToEnd = true }
    } else if ((signal === 'term' || signal === 'int' || signal === 'quit') && !arbiter.stop) {
      arbiter.stop = { signal, time: line.time, evidence }
    }
  }

  #shutDown(source: Source, arbiter: Arbiter, line: ErrorLine, evidence: Evidence): void {
    const { stop } = arbiter
    this.tally.add('stop', line.time, evidence)
    if (stop?.signal === 'term') {
      this.#forced(source, arbiter, line.time - stop.time)
      this.tally.add('routine-restart', stop.time, stop.evidence)
    }
    this.#end(source, arbiter)
  }

  /** Nothing is said of workers that are killed as they go on too long; all others say that they exit. */
  #forced(source: Source, arbiter: Arbiter, taken: number): void {
    const { gracefulTimeout } = this.circumstances
    // One that has only just booted may be ended before it listens to signals.
    const left = source.of(arbiter).filter((worker) => !worker.timeout && worker.bootedAt < (arbiter.stop?.time ?? NaN))
    if (left.length === 0 || source.isMixed || arbiter.hasGap || this.isDamaged) return
    // Where the application switches gunicorn's loggers off, as Django's disable_existing_loggers does, nobody says so.
    const isSpeaking = source.requests > 0 ||
      [...source.workers.values()].some((worker) => worker.arbiter === arbiter && (worker.isExiting || worker.hasSpoken))
    const patience = gracefulTimeout ?? (isSpeaking ? 3 : 30)
    if (taken < (patience - 1) * 1000 || taken < 1000) return
    // A class that takes signals over for itself says nothing of its end.
    if (arbiter.workerClass !== undefined && !/^(?:sync|gthread|gevent|eventlet|asgi|tornado)/.test(arbiter.workerClass)) return
    for (const worker of left) this.tally.add('forced-restart', arbiter.stop?.time ?? NaN, arbiter.stop?.evidence ?? worker.evidence)
  }

  #end(source: Source, arbiter: Arbiter): void {
    arbiter.hasEnded = true
    for (const [pid, worker] of source.workers) if (worker.arbiter === arbiter) source.workers.delete(pid)
  }

  #reason(reason: string, arbiter: Arbiter | undefined, time: number, evidence: Evidence): void {
    const { tally } = this
    // One that is asked to end says so too, of a worker that had ended before.
    if (arbiter?.stop || tally.get('application-import-failed') || tally.get('application-not-found')) return
    if (reason === 'App failed to load.') tally.add('application-not-found', time, evidence)
    else if (reason === 'Worker failed to boot.' && !tally.get('worker-killed')) {
      if (!arbiter?.isWhole) return tally.add('application-import-failed', time, evidence)
      // Whatever keeps a worker from booting stands above, unless it ends itself.
      this.reasons.set('worker-killed', 'it ended itself with status 3, which gunicorn takes for a failure to boot: it stopped altogether')
      tally.add('worker-killed', time, evidence)
    }
  }

  #notListening(arbiter: Arbiter, what: 'in use' | 'invalid' | 'failed', reason: string, evidence: Evidence): void {
    if (!arbiter.listening.has(what)) arbiter.listening.set(what, { evidence, reason })
  }

  #neverListened(arbiter: Arbiter, address: string, time: number, evidence: Evidence): void {
    arbiter.hasEnded = true
    const { listening } = arbiter
    const failed = listening.get('failed')
    const said = listening.get('in use') ?? listening.get('invalid') ?? failed
    const id = listening.has('in use') ? 'port-in-use'
      : failed && /Errno 30\b/.test(failed.reason) ? 'read-only-file-system' : 'invalid-address'
    if (said) this.tally.add(id, time, said.evidence)
    else this.tally.add(id, time, evidence)
    this.reasons.set(id, failed?.reason ?? address)
  }

  /** A log may end before gunicorn has given up, and may be of several that run side by side. */
  end(): void {
    if (this.#mayBeRefused) this.refuse(this.#mayBeRefused.reason, this.#mayBeRefused.time, this.#mayBeRefused.evidence)
    for (const source of this.#sources.values())
      for (const arbiter of source.arbiters.values()) {
        if (arbiter.hasEnded || arbiter.isListening || !arbiter.isWhole) continue
        const inUse = arbiter.listening.get('in use')
        if (inUse) this.tally.add('port-in-use', arbiter.startedAt, inUse.evidence)
      }
  }

  #readOnly(time: number, evidence: Evidence, what: string): void {
    this.tally.add('read-only-file-system', time, evidence)
    if (!this.reasons.has('read-only-file-system')) this.reasons.set('read-only-file-system', what)
  }

  /** A traceback has ended. `owner` is the message of gunicorn's that it stands below; `lead`, the line without prefix right before it. */
  traceback(found: Traceback, owner: { readonly message: string; readonly pid: number } | undefined, lead: string, sourceName: string,
    time: number, evidence: Evidence): void {
    const { exception } = found
    const source = this.source(sourceName)
    if (exception.startsWith('gunicorn.errors.HaltServer')) {
      const { arbiter } = source
      if (arbiter && found.isOfGunicorn) this.#end(source, arbiter)
      return this.#reason(/'([^']*)'/.exec(exception)?.[1] ?? '', arbiter, time, evidence)
    }
    // Of several that led to each other, the last one says what is missing.
    if (this.refusedClass && this.#isClassRefused && owner === undefined) {
      this.refusedClass.reason = exception
      return
    }
    const isReadOnly = /\[Errno 30\]|Read-only file system|No usable temporary directory/.test(exception)
    if (owner?.message.startsWith('Unhandled exception in main loop')) {
      if (isReadOnly) return this.#readOnly(time, evidence, exception)
      if (/Can't create workertmp|\[Errno (?:1|2|13)\]/.test(exception)) return this.refuse(exception, time, evidence)
      return
    }
    const isBoot = owner?.message.startsWith('Exception in worker process') === true
    if (owner && !isBoot) return
    // The line above it may have been cut off.
    if (!isBoot && (!found.isOfGunicorn || found.isServing)) return
    if (found.importsApplication) {
      const worker = owner && source.workers.get(owner.pid)
      if (worker) worker.hasFailedToBoot = true
      return this.notLoaded(!found.isInApplication && isNotFound(exception) ? 'application-not-found' : 'application-import-failed',
        exception, time, evidence)
    }
    if (isBoot) {
      const worker = owner && source.workers.get(owner.pid)
      if (worker) worker.hasFailedToBoot = true
      if (isReadOnly) return this.#readOnly(time, evidence, exception)
      return this.notLoaded('application-import-failed', exception, time, evidence)
    }
    if (source.arbiter && !source.arbiter.hasEnded) return
    if (isReadOnly) return this.#readOnly(time, evidence, exception)
    if (found.readsConfiguration || found.last !== '' || lead.startsWith('Failed to read config file'))
      this.refuse(exception, time, evidence)
  }

  notLoaded(id: BootFailure, reason: string, time: number, evidence: Evidence): void {
    if (!this.reasons.has(id)) this.reasons.set(id, reason)
    this.tally.add(id, time, evidence)
  }

  /** What may be gunicorn's last words about its configuration, unless one starts behind it. */
  mayRefuse(reason: string, time: number, evidence: Evidence): void {
    this.#mayBeRefused ??= { reason, time, evidence }
  }

  /** gunicorn does not take its configuration. */
  refuse(reason: string, time: number, evidence: Evidence): void {
    if (!this.reasons.has('configuration-refused')) this.reasons.set('configuration-refused', reason)
    this.tally.add('configuration-refused', time, evidence)
  }

  /** A worker class that cannot be loaded. */
  refuseClass(name: string, time: number, evidence: Evidence): void {
    this.refusedClass = { name, reason: '' }
    this.#isClassRefused = true
    this.tally.add('worker-class-missing', time, evidence)
  }

  /** An address that gunicorn cannot read. */
  refuseAddress(reason: string, time: number, evidence: Evidence): void {
    if (!this.reasons.has('invalid-address')) this.reasons.set('invalid-address', reason)
    this.tally.add('invalid-address', time, evidence)
  }

  /** What a file system that cannot be written to keeps gunicorn from. */
  refuseWriting(reason: string, time: number, evidence: Evidence): void {
    this.#readOnly(time, evidence, reason)
  }
}

/** What Python and gunicorn say where the application itself is not there. */
const isNotFound = (exception: string): boolean =>
  /^(?:ModuleNotFoundError|ImportError): (?:No module named|Failed to find application)|^(?:gunicorn\.errors\.)?AppImportError|^ValueError: Empty module name/
    .test(exception)
