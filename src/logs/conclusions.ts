/** What happened → what it means. A conclusion that the log does not carry is none. */
import { anotherClass, fasterPaths, lessMemory, longerTimeout, moreWorkers, seconds } from './advice.ts'
import { capacityOf, saturationOf, waitingOf, type Capacity } from './capacity.ts'
import type { Diagnosing } from './diagnosing.ts'
import type { Advice, Conclusion, Confidence } from './diagnosis.ts'
import { predictor } from './replay.ts'
import type { ConclusionId, Event, Evidence } from './tally.ts'

const times = (count: number): string => (count === 1 ? 'once' : count === 2 ? 'twice' : `${count} times`)

/** Paths that take this long are slow: where a worker does nothing else meanwhile, and where it does. */
const slowBlocking = 1
const slowOther = 3

/** Seconds in which all were busy, and their share of the time, from which on that is said. */
const leastSaturated = 5
const leastShare = 0.3

/** Short requests that waited, from which on that is said, and their share of the short ones. */
const leastWaited = 3
const leastWaitedShare = 0.2

export function conclusionsOf(log: Diagnosing): readonly Conclusion[] {
  const capacity = capacityOf(log)
  const { tally, story } = log
  const { circumstances, reasons } = story
  const found: Conclusion[] = []
  const add = (id: ConclusionId, confidence: Confidence, summary: string, advice: readonly Advice[], event = tally.get(id)): void => {
    found.push({ id, confidence, summary, evidence: event?.evidence ?? [], advice })
  }
  const event = (id: ConclusionId): Event | undefined => tally.get(id)
  const slow = slowPaths(log, capacity)
  starts(log, add)

  const timeouts = event('worker-timeout')
  const silent = event('silent-worker')
  const timeout = circumstances.timeout === undefined ? 'its timeout' : `${circumstances.timeout} s, its timeout`
  if (timeouts) {
    const killed = [...story.killedPaths].sort(([, one], [, other]) => other - one).map(([path]) => path)
    const isAllSilent = (silent?.count ?? 0) >= timeouts.count
    const paths = killed.length > 0 ? killed : slow.map(({ path }) => path)
    const where = killed.length > 0 ? `, at ${killed.slice(0, 3).join(', ')}` : ''
    add('worker-timeout', 'certain', `gunicorn killed a worker ${times(timeouts.count)} that gave no sign of life for ${timeout}${where}`,
      isAllSilent
        ? fasterPaths(paths, 'the worker can say in time that it lives')
        : [...anotherClass(capacity, 'a request may take longer than the timeout', circumstances),
          ...fasterPaths(paths, 'they end before the timeout'), ...longerTimeout(circumstances)])
  }
  if (silent) {
    const isConnection = capacity.workerClass === undefined || capacity.workerClass === 'sync'
    if (isConnection)
      add('silent-worker', 'certain',
        `a worker waited ${times(silent.count)} for a request that never came on its connection, and was killed for it`,
        anotherClass(capacity, 'a connection on which nothing comes holds no worker', circumstances))
    else add('silent-worker', 'certain',
        `the loop of a ${capacity.workerClass} worker was blocked ${
          times(silent.count)
        } for longer than ${timeout}: it is no lack of memory`, fasterPaths(slow.map(({ path }) =>
          path
        ).slice(0, 5).concat(slow.length === 0 ? ['what computes, or waits without giving way'] : []),
          'the loop goes on, and gunicorn sees it live'))
  }

  const killed = event('worker-killed')
  const memory = event('out-of-memory')
  if (killed) {
    const by = [...story.killers].join(', ')
    const reason = reasons.get('worker-killed')
    add('worker-killed', reason === undefined ? 'certain' : 'likely',
      reason === undefined ? `a worker was ended ${times(killed.count)} by ${by}, which gunicorn had not sent`
        : `a worker ended by itself: ${reason}`, memory && story.killers.size === 1 ? []
      : [{ text: 'Look for the native library that crashes: set PYTHONFAULTHANDLER=1 to have its stack in the log.', setting: null,
        value: null, expected: 'the log shows where it happens' }])
  }
  const { containers } = log
  if (memory && containers.isMemoryProven) {
    const limits = [...containers.memoryLimits].join(', ')
    add('out-of-memory', 'certain',
      `memory ran out${limits === '' ? '' : `, of which the limit is ${limits}`}: the kernel ended it ${times(memory.count)}`,
      lessMemory(circumstances, capacity))
  } else if (memory)
    add('out-of-memory', memory.count > 1 ? 'likely' : 'possible',
      `a worker was killed ${times(memory.count)} without a timeout and without a stop, as the kernel does where memory runs out`,
      lessMemory(circumstances, capacity))

  requestConclusions(log, capacity, slow, add)

  const loop = event('boot-loop')
  if (loop)
    add('boot-loop', 'certain', `workers end while they start, again and again: ${loop.count} of them`, timeouts
      ? [...longerTimeout(circumstances), { text: 'Or load the application once, in the arbiter.', setting: 'preload_app', value: true,
        expected: 'the time that the import takes counts for no worker' }]
      : [{ text: 'Look at what the application does when it is imported: it ends the process.', setting: null, value: null,
        expected: 'the worker starts' }])
  const forced = event('forced-restart')
  if (forced) {
    const grace = circumstances.gracefulTimeout
    const value = grace === undefined ? null : grace * 2
    add('forced-restart', 'likely',
      `a worker was killed ${times(forced.count)} as its requests went on for longer than graceful_timeout${
        grace === undefined ? '' : `, ${grace} s,`
      } at a stop or a reload`, [
      ...fasterPaths(slow.map(({ path }) => path), 'requests end before gunicorn loses patience'),
      { text: 'Raise graceful_timeout above what the longest request takes, and terminationGracePeriodSeconds of the Pod above that.',
        setting: 'graceful_timeout', value, expected: 'requests that are in the work are answered before gunicorn ends' },
    ])
  }
  if (containers.probed > 0)
    add('forced-restart', 'certain', `the kubelet ended the container ${times(containers.probed)}, as its probe was not answered`, [
      ...fasterPaths(slow.map(({ path }) => path), 'a worker is free to answer the probe'),
      { text: 'Have the probe wait longer, by its timeoutSeconds and failureThreshold, than the longest request holds all workers.',
        setting: null, value: null, expected: 'a busy container is not taken for a dead one' },
    ], seen(containers.probedEvidence))
  if (circumstances.daemon === true)
    add('daemonized', 'certain', 'the command has gunicorn go into the background: the container ends at once, and its logs go nowhere', [{
      text: 'Leave --daemon out.',
      setting: 'daemon',
      value: false,
      expected: 'gunicorn stays, and so does the container',
    }])
  const [looping] = containers.loops
  // What keeps it from starting stands in its log, as a rule.
  if (looping && found.length === 0)
    add('boot-loop', 'certain',
      `the container ends again and again${looping.status === undefined ? '' : `, last with exit status ${looping.status}`}${
        looping.status === 127 ? ': its command is not found' : ''
      }`, [{ text: 'Look at what it is started with, and at what it says last.', setting: null, value: null,
      expected: 'it goes on running' }], seen(containers.loops.map(({ evidence }) => evidence).slice(0, 5)))
  const routine = event('routine-restart')
  if (routine)
    add('routine-restart', 'certain',
      `workers were renewed ${times(routine.count)} as they were asked to: by max_requests, a reload or a stop`, [])
  return found
}

/** Lines as evidence of what is no event. */
const seen = (evidence: readonly Evidence[]): Event => ({ count: evidence.length, first: NaN, last: NaN, evidence: [...evidence] })

type Add = (id: ConclusionId, confidence: Confidence, summary: string, advice: readonly Advice[], event?: Event) => void

/** What keeps gunicorn from starting. */
function starts({ tally, story }: Diagnosing, add: Add): void {
  const { reasons, circumstances, refusedClass } = story
  const order = (text: string, expected: string, setting: string | null = null,
    value: Advice['value'] = null): readonly Advice[] => [{ text, setting, value, expected }]
  if (refusedClass && tally.get('worker-class-missing')) {
    const { name, reason } = refusedClass
    const isGone = reason.startsWith('ImportError: Entry point')
    const needed = /(?:worker requires (\S+ \S+)|You need (\S+) installed|No module named '([\w.]+)')/.exec(reason)
    const distribution = needed?.[1] ?? needed?.[2] ?? needed?.[3]?.split('.')[0]
    add('worker-class-missing', 'certain', `the worker class ${name} cannot be loaded${reason === '' ? '' : `: ${reason}`}`, isGone
      ? order(`Choose another worker class: this gunicorn has no ${name}.`, 'gunicorn starts', 'worker_class', 'gthread')
      : order(`Add ${distribution ?? `what ${name} needs`}${needed?.[1] ? ' or newer' : ''} to requirements.txt.`,
        'gunicorn finds the class, and starts'))
  }
  if (tally.get('application-not-found')) {
    const reason = reasons.get('application-not-found')
    const meant = /did you mean '([^']+)'/.exec(reason ?? '')?.[1]
    add('application-not-found', reason === undefined ? 'likely' : 'certain',
      `gunicorn does not find the application${reason === undefined ? '' : `: ${reason}`}`, order(
        meant === undefined ? 'Name the application as MODULE:VARIABLE, from the folder that gunicorn starts in or that --chdir names.'
          : `Name the application ${meant}.`,
        'gunicorn loads it, and starts',
      ))
  }
  if (tally.get('application-import-failed')) {
    const reason = reasons.get('application-import-failed')
    const module = /^ModuleNotFoundError: No module named '([\w.]+)'/.exec(reason ?? '')?.[1]?.split('.')[0]
    add('application-import-failed', reason === undefined ? 'likely' : 'certain',
      `the application fails while it is imported${reason === undefined ? '' : `: ${reason}`}`, order(
        module === undefined ? 'Mend what the traceback names.'
          : `Add what brings the module ${module} to requirements.txt, if it is none of the application's own.`,
        'workers start',
      ))
  }
  if (tally.get('port-in-use'))
    add('port-in-use', 'certain',
      `another process has the address that gunicorn is to listen at: ${reasons.get('port-in-use') ?? ''}`.replace(/: $/, ''),
      order('Bind another port, or leave the other process out of this container or Pod.', 'gunicorn listens', 'bind'))
  if (tally.get('invalid-address'))
    add('invalid-address', 'certain', `gunicorn cannot listen at this address: ${reasons.get('invalid-address') ?? ''}`,
      order("Bind to '0.0.0.0:PORT' or '[::]:PORT'.", 'gunicorn listens', 'bind'))
  if (tally.get('configuration-refused'))
    add('configuration-refused', 'certain', `gunicorn does not take its configuration: ${reasons.get('configuration-refused') ?? ''}`,
      order('Mend the setting that it names.', 'gunicorn starts'))
  if (tally.get('read-only-file-system')) {
    const reason = reasons.get('read-only-file-system') ?? ''
    const isSocket = reason === 'the control socket'
    add('read-only-file-system', /No usable temporary/.test(reason) ? 'likely' : 'certain',
      `gunicorn cannot write where it must: ${reason}`, isSocket
      ? order('Switch the control socket off with --no-control-socket.', 'gunicorn says no more of it', 'control_socket_disable', true)
      : /temporary|workertmp|wgunicorn/.test(reason)
      ? order('Put the heartbeat files into memory with --worker-tmp-dir /dev/shm.', 'workers start although the file system is read-only',
        'worker_tmp_dir', '/dev/shm')
      : order('Let it write elsewhere, or mount an emptyDir there.', `gunicorn starts${circumstances.isKnown ? '' : ''}`))
  }
}

/** Paths that are slow and take a good part of the work. */
function slowPaths({ requests }: Diagnosing,
  capacity: Capacity): readonly { readonly path: string; readonly count: number; readonly p95: number; readonly share: number }[] {
  const span = requests.to - requests.from
  // A page that is slow and rarely asked for is no fault of the whole.
  const busy = capacity.slots === undefined || !(span > 0) ? 0 : requests.durations.sum / (span * capacity.slots)
  const least = capacity.isBlocking || capacity.workerClass === undefined ? slowBlocking : slowOther
  return [...requests.paths]
    .map(([path, histogram]) => ({ path, count: histogram.count, p95: histogram.percentile(0.95), p50: histogram.percentile(0.5),
      share: histogram.sum / requests.durations.sum })
    )
    .filter(({ count, p50, share }) =>
      count >= 3 && p50 >= least && share >= 0.2 && (count >= requests.durations.count * 0.05 || share * busy >= 0.1)
    )
    .sort((one, other) => other.share - one.share)
}

function requestConclusions(log: Diagnosing, capacity: Capacity, slow: ReturnType<typeof slowPaths>, add: Add): void {
  const { requests, timeline, story } = log
  const { slots } = capacity
  const paths = slow.map(({ path }) => path)
  const isSaid = requests.steps === 0
  if (slots !== undefined && isSaid && requests.durations.count > 0) {
    const { seconds: busy, share } = saturationOf(log, slots)
    const predict = predictor(log, share)
    if (busy >= leastSaturated && share >= leastShare)
      add('saturated-workers', requests.isFine && share > 0.5 ? 'certain' : 'likely',
        `all ${
          slots === 1 ? 'there is, one worker, was' : `${slots} ${capacity.threads === undefined ? 'workers' : 'threads'} were`
        } busy for ${Math.round(busy)} s, ${Math.round(share * 100)} % of the time`, [
        ...moreWorkers(capacity, predict),
        ...anotherClass(capacity, 'the next request does not wait for the one before', story.circumstances, predict),
        ...fasterPaths(paths, 'workers are free again sooner'),
      ], seen(requests.longest))
    const waiting = requests.best && waitingOf(requests.best, slots)
    if (waiting && waiting.waited >= leastWaited && waiting.waited >= waiting.short * leastWaitedShare && waiting.share > 0.5)
      add('waiting-requests', requests.isFine ? 'certain' : 'likely',
        `${waiting.waited} short requests were served only once one of ${
          seconds(waiting.longDuration)
        } had ended: they waited although they are short`, [
        ...moreWorkers(capacity, predict),
        ...anotherClass(capacity, 'short requests go past long ones', story.circumstances, predict),
        ...fasterPaths(paths, 'there is less to wait for'),
      ], seen(requests.behindLong))
  }
  if (slow.length > 0 && isSaid) {
    const [first] = slow
    add('slow-requests', 'likely', `${
      slow.slice(0, 3).map(({ path, count, p95 }) => `${path} takes ${seconds(p95)} (${count} requests)`).join(', ')
    }: ${Math.round((first?.share ?? 0) * 100)} % of all the time goes there`, [
      ...(capacity.isBlocking || capacity.workerClass === undefined
        ? [...moreWorkers(capacity), ...anotherClass(capacity, 'slow requests hold up no others', story.circumstances)] : []),
      ...fasterPaths(paths, 'they, and those behind them, are answered sooner'),
      ...(slow.some(({ p95 }) =>
          p95 > (story.circumstances.timeout ?? 30) * 0.8
        ) && capacity.isBlocking && timeline.work > 0 ? longerTimeout(story.circumstances) : []),
    ], seen(requests.longest))
  }
}
