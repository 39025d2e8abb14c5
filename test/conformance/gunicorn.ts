/** What real gunicorn makes of a command line, answered by a release from the package index: see gunicorn.py. */
import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { installGunicorn, isolated, pathOnly } from '../../scripts/gunicorn-release.ts'

export interface CommandLine {
  argv: readonly string[]
  /** The whole environment. */
  env: Readonly<Record<string, string>>
  /** The texts of the files that are there, by their paths from the folder that it starts in. */
  files?: Readonly<Record<string, string>>
}

/** What gunicorn.py says of its answers holds here. */
export interface Answer {
  exit: number | null
  error: string | null
  application: string | null
  settings: Record<string, unknown> | null
  bind_error: string | null
  env_error: string | null
  worker_error: boolean
}

export class Oracle {
  readonly #process: ChildProcessByStdio<Writable, Readable, Readable>
  readonly #answers: AsyncIterator<string>
  #stderr = ''

  private constructor(process: ChildProcessByStdio<Writable, Readable, Readable>) {
    this.#process = process
    this.#answers = createInterface({ input: process.stdout })[Symbol.asyncIterator]()
    process.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text
    })
    // A process that ended says why on standard error; the broken pipe adds nothing.
    process.stdin.on('error', () => {})
  }

  /** Installs the release where it is not in the cache, and starts it. */
  static async start(release: string): Promise<Oracle> {
    const { folder, python } = await installGunicorn(release)
    const script = join(import.meta.dirname, 'gunicorn.py')
    const child = spawn(python, [...isolated, '-W', 'ignore', script, folder], { env: pathOnly(), stdio: 'pipe' })
    await once(child, 'spawn')
    return new Oracle(child)
  }

  /** One answer for each command line, in their order. One call at a time. */
  async ask(commandLines: readonly CommandLine[]): Promise<Answer[]> {
    this.#process.stdin.write(commandLines.map((line) => JSON.stringify(line) + '\n').join(''))
    const answers: Answer[] = []
    for (const line of commandLines) {
      const { done, value } = await this.#answers.next()
      if (done) throw new Error(`the oracle ended at ${JSON.stringify(line)}: ${this.#stderr}`)
      const answer = JSON.parse(value) as Answer | { oracle: string }
      if ('oracle' in answer) throw new Error(`the oracle failed at ${JSON.stringify(line)}: ${answer.oracle}`)
      answers.push(answer)
    }
    return answers
  }

  /** Ends the process, and waits for it. */
  async close(): Promise<void> {
    if (this.#process.exitCode !== null) return
    const ended = once(this.#process, 'exit')
    this.#process.stdin.end()
    await ended
  }
}
