const levels = ['debug', 'info', 'warn', 'error'] as const

export type Level = (typeof levels)[number]

/** Takes log lines: a constant message, and what differs from line to line as values. */
export type Log = Readonly<Record<Level, (message: string, values?: Readonly<Record<string, unknown>>) => void>>

/**
 * A log of one JSON object a line: `level`, `time`, `msg` and the values.
 *
 * Not pino, which comes with Fastify: for a few lines a day, Fastify would give each request what it takes to log it,
 * which is 5 % of its CPU time and 15 to 30 MiB under load.
 *
 * @param threshold the least level that is written; `silent` for none
 * @param now milliseconds since 1970
 */
export function jsonLog(threshold: Level | 'silent', write: (line: string) => void, now: () => number): Log {
  const line = (level: Level) => (message: string, values?: Readonly<Record<string, unknown>>) =>
    write(`${JSON.stringify({ level, time: new Date(now()).toISOString(), msg: message, ...values })}\n`)
  const least = threshold === 'silent' ? levels.length : levels.indexOf(threshold)
  const [debug, info, warn, error] = levels.map((level, rank) => (rank < least ? () => {} : line(level)))
  return { debug, info, warn, error } as Log
}
