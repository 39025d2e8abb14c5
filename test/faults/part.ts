import { readFile } from 'node:fs/promises'
import { childOf, pause, startProgram, type Program } from '../cluster/program.ts'

/** Milliseconds until the kubelet has seen that a container ended, and starts it again. */
const restartDelay = 1000

/** A program of Paddock, started again whenever it ends, as the kubelet does with a container. */
export class Part {
  readonly name: string
  readonly #command: readonly string[]
  readonly #logs: string[] = []
  readonly #folder: string
  readonly #whenEnded: () => Promise<void>
  #program: Program
  #isWanted = true
  readonly #kept: Promise<void>

  /** @param whenEnded - waited for before it is started again */
  constructor(name: string, command: readonly string[], folder: string, whenEnded: () => Promise<void>) {
    this.name = name
    this.#command = command
    this.#folder = folder
    this.#whenEnded = whenEnded
    this.#program = this.#start()
    this.#kept = this.#keep()
  }

  /** How often it has been started. */
  get starts(): number {
    return this.#logs.length
  }

  async signal(signal: NodeJS.Signals): Promise<void> {
    process.kill(await childOf(this.#program.process), signal)
  }

  /** Tells it to end for good, and waits until it has. */
  async end(): Promise<void> {
    this.#isWanted = false
    await this.#program.stop()
    await this.#kept
  }

  /** What it has said in all its lives, a line an entry. */
  async said(): Promise<string[]> {
    const texts = await Promise.all(this.#logs.map((log) => readFile(log, 'utf8')))
    return texts.join('').trimEnd().split('\n')
  }

  #start(): Program {
    const logFile = `${this.#folder}/${this.name}-${this.#logs.length + 1}.log`
    this.#logs.push(logFile)
    const [command = '', ...args] = this.#command
    return startProgram(command, args, { logFile })
  }

  async #keep(): Promise<void> {
    while (this.#isWanted) {
      await this.#program.exited
      if (!this.#isWanted) return
      await pause(restartDelay)
      await this.#whenEnded()
      if (this.#isWanted) this.#program = this.#start()
    }
  }
}
