/** The door of the folder: what was read of a log → the diagnosis. */
import { capacityOf, waitingOf } from './capacity.ts'
import { conclusionsOf } from './conclusions.ts'
import type { Diagnosing } from './diagnosing.ts'
import type { Chart, Conclusion, Diagnosis, RequestFigures } from './diagnosis.ts'

/** Paths that are listed. */
const mostListed = 10

export function diagnosisOf(log: Diagnosing): Diagnosis {
  const conclusions = conclusionsOf(log)
  const { tally, story } = log
  return {
    apiVersion: 'paddock.dev/v1alpha1',
    kind: 'Diagnosis',
    healthy: healthOf(log, conclusions),
    releases: [...story.releases].sort((one, other) => one.localeCompare(other, 'en', { numeric: true })),
    read: { lines: log.lines, understood: log.understood, bytes: log.bytes, from: iso(log.from), to: iso(log.to) },
    events: Object.fromEntries(
      [...tally.events].map(([name, { count, first, last }]) => [name, { count, first: iso(first), last: iso(last) }]),
    ),
    conclusions,
    requests: figuresOf(log),
  }
}

/** null where nothing in it says how gunicorn fares: no word of its own, and no request whose time is told. */
function healthOf({ doubtful, errorLines, timedLines, requests, story, containers }: Diagnosing, conclusions: readonly Conclusion[]):
  | boolean
  | null {
  if (conclusions.some(({ id, confidence }) => id !== 'routine-restart' && confidence !== 'possible')) return false
  if (conclusions.some(({ id }) => id !== 'routine-restart')) return null
  if (story.unexplained + containers.unexplained > 0) return null
  // Where gunicorn's own form is in the log, words of it in another form are somebody else's.
  if (errorLines === 0 && doubtful > 0) return null
  return errorLines > 0 || (timedLines > 0 && requests.durations.count > 0) ? true : null
}

const iso = (
  time: number,
): string | null => (Number.isFinite(time) && Math.abs(time) < 8e15 ? new Date(time).toISOString().replace('.000Z', 'Z') : null)

const rounded = (duration: number): number | null => (Number.isNaN(duration) ? null : Number(duration.toPrecision(4)))

function figuresOf(log: Diagnosing): RequestFigures | null {
  const { requests, timeline } = log
  if (requests.count === 0) return null
  const { slots } = capacityOf(log)
  const { durations } = requests
  const span = requests.to - requests.from
  const waiting = slots !== undefined && requests.best ? waitingOf(requests.best, slots) : undefined
  return {
    count: requests.count,
    p50: rounded(durations.percentile(0.5)),
    p95: rounded(durations.percentile(0.95)),
    p99: rounded(durations.percentile(0.99)),
    busy: slots === undefined || !(span > 0) || requests.steps > 0 ? null : rounded(Math.min(1, timeline.work / (slots * span))),
    waited: slots === undefined || durations.count === 0 || requests.steps > 0 ? null : (waiting?.waited ?? 0),
    slowest: pathsOf(log).slice(0, mostListed).map(({ path, count, p95 }) => ({ path, count, p95 })),
  }
}

/** Paths by what they take, the slowest first. */
const pathsOf = ({ requests }: Diagnosing): Chart['paths'] =>
  [...requests.paths]
    .map(([path, histogram]) => ({ path, count: histogram.count, p50: histogram.percentile(0.5),
      p95: Number(histogram.percentile(0.95).toPrecision(4)), share: histogram.sum / requests.durations.sum })
    )
    .sort((one, other) => other.p95 - one.p95)

export function chartOf(log: Diagnosing): Chart {
  return { bars: log.timeline.bars(), width: log.timeline.width, slots: capacityOf(log).slots, paths: pathsOf(log).slice(0, mostListed) }
}
