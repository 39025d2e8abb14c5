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

/** Measurements of one call: so often what it runs is compiled, and less often is not. */
const attempts = 12

/**
 * The least of some measurements: what else the machine, the compiler and the garbage collector do only ever adds.
 * @param enough milliseconds below which no less is looked for
 */
export function leastTime(run: () => unknown, enough = 0): number {
  let least = Infinity
  for (let attempt = 0; attempt < attempts && least > enough; attempt++) least = Math.min(least, processorTime(run))
  return least
}

/** Runs a call. Where it seems to take too long, it is measured again before that counts. */
export function timed<Result>(run: () => Result, tooLong: (milliseconds: number) => void, most = mostTime): Result {
  const start = performance.now()
  const result = run()
  if (performance.now() - start > most / 2) {
    const least = leastTime(run, most)
    if (least > most) tooLong(least)
  }
  return result
}
