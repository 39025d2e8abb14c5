/** What a real gunicorn reads of the command lines and environments that programs on PATH recorded. */
import { release } from './changes.ts'
import { Oracle, type Answer, type CommandLine } from './gunicorn.ts'
import type { Run } from './pods.ts'

/** How many gunicorns are asked at once. */
const oracles = 2

/** The settings of gunicorn, of this release, for each run of it. */
export async function readRuns(runs: readonly Run[], reader: string = release): Promise<Map<Run, Answer>> {
  // It is faster where the environment stays the same.
  const key = ({ variables: { PORT = '', WEB_CONCURRENCY = '' } }: Run): string => `${PORT} ${WEB_CONCURRENCY}`
  const sorted = [...runs].sort((a, b) => key(a).localeCompare(key(b)))
  const size = Math.ceil(sorted.length / oracles)
  const parts = await Promise.all(Array.from({ length: oracles }, async (_, index) => {
    const oracle = await Oracle.start(reader)
    const part = sorted.slice(index * size, (index + 1) * size)
    return oracle.ask(part.map(({ argv, variables }) => ({ argv, env: variables }))).finally(() => oracle.close())
  }))
  const answers = parts.flat()
  return new Map(sorted.map((run, index) => [run, answers[index] as Answer]))
}

/** What gunicorns of a release make of command lines. Each is asked once, be it there in many places. */
export class Readings {
  readonly #release: string
  readonly #answers = new Map<string, Answer>()

  constructor(release: string) {
    this.#release = release
  }

  /** Has them read. */
  async read(lines: readonly CommandLine[]): Promise<void> {
    const unread = new Map(lines.map((line) => [JSON.stringify(line), line]))
    for (const key of this.#answers.keys()) unread.delete(key)
    // It is faster where the environment stays the same.
    const sorted = [...unread].sort(([, a], [, b]) => environmentOf(a).localeCompare(environmentOf(b)))
    const size = Math.ceil(sorted.length / oracles)
    if (size === 0) return
    await Promise.all(Array.from({ length: oracles }, async (_, index) => {
      const part = sorted.slice(index * size, (index + 1) * size)
      if (part.length === 0) return
      const oracle = await Oracle.start(this.#release)
      const answers = await oracle.ask(part.map(([, line]) => line)).finally(() => oracle.close())
      for (const [place, [key]] of part.entries()) this.#answers.set(key, answers[place] as Answer)
    }))
  }

  /** Throws where it was not read. */
  of(line: CommandLine): Answer {
    const answer = this.#answers.get(JSON.stringify(line))
    if (!answer) throw new Error(`not read: ${JSON.stringify(line)}`)
    return answer
  }
}

const environmentOf = ({ env }: CommandLine): string =>
  `${env['PORT'] ?? ''} ${env['WEB_CONCURRENCY'] ?? ''} ${env['FORWARDED_ALLOW_IPS'] ?? ''}`
