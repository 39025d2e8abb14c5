/** Log files without a name, which every release dies of. Source: `gunicorn.glogging.Logger._set_handler`, seen in each of them. */

/** The settings that name a log. */
const logs = ['accesslog', 'errorlog'] as const

export const isLog = (setting: string | undefined): boolean => logs.some((log) => log === setting)

/** gunicorn's own loggers, which all open the files in the same way. */
const ownLoggers: ReadonlySet<unknown> = new Set(['gunicorn.glogging.Logger', 'simple', 'gunicorn.instrument.statsd.Statsd'])

/**
 * The logs that are set to the empty text: for gunicorn that is a file, and not `None`, with which it has no log.
 * @param logger the value of `logger_class`: one of somebody else's may take it
 */
export function emptyLogs<Set extends { readonly value: unknown; readonly entries: readonly unknown[] }>(written: ReadonlyMap<string, Set>,
  logger: unknown): readonly Set[] {
  const found = logs.flatMap((name) => written.get(name) ?? []).filter(({ value, entries }) => value === '' && entries.length > 0)
  return found.length > 0 && ownLoggers.has(logger) ? found : []
}
