const levels = ['debug', 'info', 'warn', 'error'] as const

export type Level = (typeof levels)[number]

/** Takes log lines: a constant message, and what differs from line to line as values. */
export type Log = Readonly<Record<Level, (message: string, values?: Readonly<Record<string, unknown>>) => void>>

/** Why a line is not written: there were too many of its message, or where it goes does not take it. */
export type Loss = 'rate' | 'unwritable'

/** A log that counts the lines that it does not write. */
export type CountingLog = Log & { readonly lost: Readonly<Record<Loss, number>> }

/** Lines of one message that are written in a second. */
const mostLines = 10
/** Characters of a value, and elements of a list. */
const longestText = 1024
const longestList = 30
/** Characters of a line. Container runtimes cut lines of 16 KiB into pieces. */
const longestLine = 8 * 1024

/**
 * A log of one JSON object a line: `level`, `time`, `msg` and the values.
 *
 * It is bounded, as what is logged is what others send: of one message, ten lines are written in a second, and the next line
 * that is written later tells how many were not (`lines not written`); what is long is cut.
 *
 * Not pino, which comes with Fastify: for a few lines a day, Fastify would give each request what it takes to log it,
 * which is 5 % of its CPU time and 15 to 30 MiB under load.
 *
 * @param threshold the least level that is written; `silent` for none
 * @param write writes a line; where it cannot, it throws, or calls `lose` once it knows
 * @param now milliseconds since 1970
 */
export function jsonLog(threshold: Level | 'silent', write: (line: string, lose: () => void) => void, now: () => number): CountingLog {
  const lost = { rate: 0, unwritable: 0 }
  /** Lines of this second, by message; and those that were not written, until that is told. */
  const written = new Map<string, number>()
  const unwritten = new Map<string, number>()
  let second = 0

  const put = (level: Level, time: number, message: string, values: object | undefined): void => {
    const lose = () => void lost.unwritable++
    try {
      write(`${text({ level, time: new Date(time).toISOString(), msg: message, ...values })}\n`, lose)
    } catch {
      lose()
    }
  }
  const line = (level: Level) => (message: string, values?: Readonly<Record<string, unknown>>) => {
    const time = now()
    if (Math.floor(time / 1000) !== second) {
      second = Math.floor(time / 1000)
      written.clear()
      for (const [of, lines] of unwritten) put('warn', time, 'lines not written', { of, lines })
      unwritten.clear()
    }
    const lines = (written.get(message) ?? 0) + 1
    written.set(message, lines)
    if (lines <= mostLines) return put(level, time, message, values)
    lost.rate++
    unwritten.set(message, (unwritten.get(message) ?? 0) + 1)
  }
  const least = threshold === 'silent' ? levels.length : levels.indexOf(threshold)
  const [debug, info, warn, error] = levels.map((level, rank) => (rank < least ? () => {} : line(level)))
  return { debug, info, warn, error, lost } as CountingLog
}

function text(values: { readonly level: Level; readonly time: string; readonly msg: string }): string {
  const whole = JSON.stringify(values, (_key, value: unknown) => {
    if (typeof value === 'string' && value.length > longestText) return `${value.slice(0, longestText)}…`
    return Array.isArray(value) && value.length > longestList ? value.slice(0, longestList) : value
  })
  if (whole.length <= longestLine) return whole
  const { level, time, msg } = values
  return JSON.stringify({ level, time, msg, cut: whole.slice(0, longestText) })
}
