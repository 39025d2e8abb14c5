/** What a real gunicorn reads of the command lines and environments that programs on PATH recorded. */
import { release } from './changes.ts'
import { Oracle, type Answer } from './gunicorn.ts'
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
