/** Images that are made up, for tests of who asks for them and who waits. */
import type { ImageSummary } from '../../src/dependencies/image/summary.ts'
import type { ImageAsk } from '../../src/images/asks.ts'
import { Images } from '../../src/images/images.ts'
import type { LooksInto, Opening } from '../../src/images/looking-thread.ts'
import { jsonLog } from '../../src/log.ts'

export const terms = { images: 'Always', imageBudget: 500, registries: ['*'] } as const
const summary = (digest: string, size = 0): ImageSummary => ({ digest, python: '3.12', distributions: {}, folders: ['x'.repeat(size)] })
export const ask = (image: string, command: readonly string[] = ['gunicorn'], namespace = 'shop'): ImageAsk => ({ container: 'web', image,
  isNamed: true, start: { command, args: undefined, env: {}, folder: undefined }, secrets: { namespace, serviceAccount: '', names: [] } })

/** Images that are there once somebody lets them be. */
export class Looks implements LooksInto {
  now = 0
  opened: string[] = []
  looked: string[] = []
  /** Digests by image; a string that is none tells why it cannot be opened. */
  tags: Record<string, string> = {}
  failure: string | undefined
  distributions: ImageSummary['distributions'] = {}
  size = 0
  #waiting: (() => void)[] = []
  isHeld = false
  #number = 0

  readonly images = new Images({ looks: this, credentials: () => Promise.resolve('{}'), log: jsonLog('error', () => {}, () => 0),
    now: () => this.now })

  async #turn(): Promise<void> {
    if (this.isHeld) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }
  release(): void {
    this.isHeld = false
    for (const go of this.#waiting.splice(0)) go()
  }
  async open(image: string): Promise<Opening | string> {
    this.opened.push(image)
    await this.#turn()
    const digest = this.tags[image] ?? 'sha256:1'
    return digest.startsWith('sha256:')
      ? { digest, number: ++this.#number, config: { entrypoint: [], cmd: [], env: {}, workingDir: '', user: '' }, mayHoldPython: true }
      : digest
  }
  async look({ digest }: Opening): Promise<{ summary: ImageSummary; isWhole: boolean } | string> {
    this.looked.push(digest)
    await this.#turn()
    return this.failure ?? { summary: { ...summary(digest, this.size), distributions: this.distributions }, isWhole: true }
  }
  stop(): Promise<void> {
    return Promise.resolve()
  }
  async learn(...asks: ImageAsk[]): Promise<unknown[]> {
    await this.images.prepare(asks, terms, 10_000)
    return this.images.answers(asks, terms).map((answer) => (typeof answer === 'string' ? answer : answer.digest))
  }
}
