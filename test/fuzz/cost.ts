/** Processor time, so that a busy machine does not count. */

/** What one review may take, in milliseconds. */
export const mostTime = 100

/** Milliseconds of processor time that a call takes. */
function processorTime(run: () => unknown): number {
  const before = process.cpuUsage()
  run()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

/** The least of some measurements: what else the machine and the garbage collector do only ever adds. */
export const leastTime = (run: () => unknown, times = 3): number => Math.min(...Array.from({ length: times }, () => processorTime(run)))

/** Runs a call. Where it seems to take too long, it is measured again before that counts. */
export function timed<Result>(run: () => Result, tooLong: (milliseconds: number) => void, most = mostTime): Result {
  const start = performance.now()
  const result = run()
  if (performance.now() - start > most / 2) {
    const least = leastTime(run)
    if (least > most) tooLong(least)
  }
  return result
}
