/** What Kubernetes says of the containers that a log is of: what no log has, as whoever is killed as a whole writes nothing more. */
import type { Evidence, Tally } from './tally.ts'

export interface ContainerFacts {
  readonly pod: string
  readonly container: string
  /** How often it was started again. */
  readonly restarts: number
  /** How it ended last; undefined where it never has, or nobody knows any more. */
  readonly end: { readonly reason: string; readonly status: number; /** Milliseconds since 1970; NaN where it is not told. */
    readonly at: number } | undefined
  /** Why it does not run, in the word of the kubelet: CrashLoopBackOff, ImagePullBackOff. */
  readonly waiting: string | undefined
  /** As it is written: `256Mi`. */
  readonly memoryLimit: string | undefined
}

/** What the kubelet has told of a Pod. */
export interface PodEvent {
  readonly pod: string
  readonly reason: string
  readonly message: string
  readonly count: number
  /** Milliseconds since 1970; NaN where it is not told. */
  readonly at: number
}

export class Containers {
  /** True where the kubelet has seen that memory ran out. */
  isMemoryProven = false
  /** The limits that were used up. */
  readonly memoryLimits = new Set<string>()
  /** Containers that the kubelet ended for a probe. */
  probed = 0
  readonly probedEvidence: Evidence[] = []
  /** Containers that end again and again. */
  readonly loops: { readonly status: number | undefined; readonly evidence: Evidence }[] = []
  /** Ends by SIGKILL whose cause nothing tells. */
  unexplained = 0

  take(facts: readonly ContainerFacts[], events: readonly PodEvent[], tally: Tally): void {
    // An event is told of once and counted: the last one of each Pod is enough.
    const probes = events.filter(({ reason, message }) => reason === 'Killing' && /failed (?:liveness|startup) probe/.test(message))
    const failing = events.filter(({ reason, message }) => reason === 'Unhealthy' && /^(?:Liveness|Startup) probe failed/.test(message))
    for (const fact of facts) {
      const { end, pod, waiting, memoryLimit, restarts } = fact
      const evidence = { line: 0, text: wordsOf(fact) }
      if (end?.reason === 'OOMKilled') {
        this.isMemoryProven = true
        if (memoryLimit !== undefined) this.memoryLimits.add(memoryLimit)
        tally.add('out-of-memory', end.at, evidence)
      } else if (end?.status === 137 && !probes.some((probe) => probe.pod === pod)) this.unexplained++
      if (restarts > 0 && end) tally.add('container-restart', end.at, evidence)
      if (waiting === 'CrashLoopBackOff' && end?.reason !== 'OOMKilled') this.loops.push({ status: end?.status, evidence })
    }
    for (const { pod, message, count } of probes) {
      this.probed += count
      for (const one of [{ pod, message }, ...failing.filter((other) => other.pod === pod).slice(0, 1)])
        this.probedEvidence.push({ line: 0, text: `pod ${one.pod}: ${one.message}`.slice(0, 300) })
    }
  }
}

const wordsOf = ({ pod, container, end, restarts, memoryLimit, waiting }: ContainerFacts): string =>
  [`pod ${pod}, container ${container}: ${end ? `${end.reason}, exit status ${end.status}` : (waiting ?? 'started again')}`,
    `started again ${restarts === 1 ? 'once' : `${restarts} times`}`, ...(memoryLimit === undefined ? [] : [`memory limit ${memoryLimit}`]),
    ...(waiting === undefined ? [] : [waiting])].join(', ')
