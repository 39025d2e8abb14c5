/** What gunicorn logs, in the words of its releases: `wording.json`, which `scripts/log-wording.ts` reads from their sources. */
import file from './wording.json' with { type: 'json' }

interface Message {
  /** With %s for what is put in. */
  readonly text: string
  /** The text between what is put in. */
  readonly parts: readonly string[]
}

/** A message that some release logs. */
interface Recognised {
  readonly text: string
  /** What was put in. */
  readonly values: readonly string[]
}

/** Messages by their first character, the longest beginnings first, so that one is not taken for another that it begins with. */
const messages = Map.groupBy(
  file.messages
    .map(({ text }): Message => ({ text, parts: text.split('%s') }))
    .filter(({ parts }) => parts[0] !== '')
    .sort((one, other) => (other.parts[0]?.length ?? 0) - (one.parts[0]?.length ?? 0) || other.text.length - one.text.length),
  ({ text }) => text.charAt(0),
)

/** The message that a text is; undefined where no release logs it. */
export function recognise(text: string): Recognised | undefined {
  for (const message of messages.get(text.charAt(0)) ?? []) {
    const values = valuesIn(message.parts, text)
    if (values) return { text: message.text, values }
  }
  return undefined
}

/** What stands between the parts of a message; undefined where the text is another. A message of several lines is known by its first. */
function valuesIn(parts: readonly string[], text: string): readonly string[] | undefined {
  const [first = '', ...others] = parts
  const beginning = first.split('\n', 1)[0] ?? ''
  if (!text.startsWith(beginning)) return undefined
  const values: string[] = []
  let at = beginning.length
  for (const [index, part] of others.entries()) {
    const [line = ''] = part.split('\n', 1)
    const isLast = index === others.length - 1 || line.length < part.length
    const end = isLast && line === '' ? text.length
      : isLast ? (text.endsWith(line) ? text.length - line.length : -1) : text.indexOf(line, at)
    if (end < at) return undefined
    values.push(text.slice(at, end))
    at = end + line.length
    if (isLast) break
  }
  return at === text.length ? values : undefined
}

/** What arbiters alone say. An application may write the same words by gunicorn's logger, from a worker. */
export const ofArbiters: ReadonlySet<string> = new Set(['WORKER TIMEOUT (pid:%s)', 'Worker with pid %s was terminated due to signal %s',
  'Worker (pid:%s) was sent %s!', 'Worker (pid:%s) was sent %s! Perhaps out of memory?', 'Worker (pid:%s) exited with code %s',
  'Worker (pid:%s) exited with code %s.', 'Handling signal: %s', 'Hang up: %s', 'Shutting down: %s', 'Reason: %s', 'Connection in use: %s',
  'Invalid address: %s', 'connection to %s failed: %s', "Can't connect to %s", 'Listening at: %s (%s)', 'Using worker: %s'])
