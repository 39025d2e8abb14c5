/** The clock that a program of Node goes by, as far as a test may choose it. */
export interface Clock {
  /** Milliseconds by which its time of day is ahead. */
  readonly ahead?: number
  /**
   * So many times as fast as it should does its time of day go, from `since` on (milliseconds since 1970): one that is started
   * anew goes on where the last one was. How long something takes is measured rightly all the same: what has its time, as an
   * answer or a Lease, keeps it. A wait of more than a second for a moment of the day is over that much sooner.
   */
  readonly speed?: number
  readonly since?: number
}

/** Arguments for Node, before those of the program. */
export function withClock({ ahead = 0, speed = 1, since = Date.now() }: Clock): string[] {
  if (ahead === 0 && speed === 1) return []
  const script = `
import { syncBuiltinESMExports } from 'node:module'
import timers from 'node:timers/promises'
const [now, sleep] = [Date.now, timers.setTimeout]
Date.now = () => Math.round(${since} + ${ahead} + (now() - ${since}) * ${speed})
timers.setTimeout = (milliseconds, ...others) => sleep(Math.max(Math.min(milliseconds, 1000), milliseconds / ${speed}), ...others)
syncBuiltinESMExports()
`
  return ['--import', `data:text/javascript,${encodeURIComponent(script)}`]
}
