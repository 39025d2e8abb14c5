/** What webhook and scan know of images: each is looked into once, however many ask, and nobody waits for it longer than he wants. */
import { createHash } from 'node:crypto'
import type { Command } from '../dependencies/image/command.ts'
import { commandFor, type ContainerStart } from '../dependencies/image/containers.ts'
import { summaryIn, summaryVersion, type ImageSummary } from '../dependencies/image/summary.ts'
import type { ImageStore } from '../cluster/image-store.ts'
import type { PullSecrets } from '../cluster/pull-secrets.ts'
import type { Log } from '../log.ts'
import { ImageError } from '../oci/image-error.ts'
import { registryReference } from '../oci/reference.ts'
import type { DependencyTerms } from '../policy/policy.ts'
import type { Workload } from '../kubernetes/workload.ts'
import { asksOf, type ImageAnswer, type ImageAsk, type KnownImages } from './asks.ts'
import type { LooksInto, Opening } from './looking-thread.ts'

interface Settings {
  readonly looks: LooksInto
  /** A docker config file with `auths` alone. */
  readonly credentials: (secrets: PullSecrets) => Promise<string>
  /** Where what was found out is kept for other replicas, and for later; undefined for nowhere but here. */
  readonly store?: Pick<ImageStore, 'get' | 'once' | 'stop'> | undefined
  readonly log: Log
  /** Milliseconds of a clock that only goes forward. */
  readonly now: () => number
  /** As reviews have it unless set. */
  readonly holds?: Holds | undefined
}

/** How long what was found out holds, in milliseconds. */
export interface Holds {
  /** Where a tag leads. */
  readonly tag: number
  /** That an image cannot be had, or not be looked into. */
  readonly failure: number
  readonly lookFailure: number
}

/** A review: a tag leads where it led for as long as it takes to admit a workload and what is made of it. */
const holdsForReviews: Holds = { tag: 3_000, failure: 10_000, lookFailure: 60_000 }
/** A scan asks for all images of a cluster, each of which is the same from one kind of workload to the next. */
export const holdsForScans: Holds = { tag: 60_000, failure: 240_000, lookFailure: 240_000 }

/** So many containers of a workload are looked into. */
const mostContainers = 10
/** Milliseconds that what a digest leads to is remembered. */
const digestHolds = 600_000
/** So many images are asked for at a time; more are unknown at once. */
const mostAsking = 100
/** So many answers are kept, and characters of what images come to. */
const mostAnswers = 2_000
const mostCharacters = 8 * 2 ** 20

/** Something that is found out, or was. */
interface Asked<Found> {
  readonly began: number
  readonly done: Promise<void>
  found: Found | undefined
  /** Until when it holds; undefined while it is under way. */
  until: number | undefined
}

export class Images {
  readonly #settings: Settings
  readonly #holds: Holds
  /** By namespace, credentials and name. */
  readonly #openings = new Map<string, Asked<Opening | string>>()
  /** By what is asked of a container. */
  readonly #answers = new Map<string, Asked<ImageAnswer>>()
  /** By digest and command: what images come to, those that were asked for last behind; and what is under way. */
  readonly #summaries = new Map<string, ImageSummary>()
  readonly #looking = new Map<string, Promise<ImageAnswer>>()
  /** By digest: what was looked into in vain, and until when that is not tried again. */
  readonly #failures = new Map<string, { readonly why: string; readonly until: number }>()
  #characters = 0
  #asking = 0
  readonly #counts = { read: 0, known: 0, shared: 0, failed: 0, refused: 0 }

  constructor(settings: Settings) {
    this.#settings = settings
    this.#holds = settings.holds ?? holdsForReviews
  }

  /** What `/metrics` tells of it. */
  get totals(): readonly { readonly name: string; readonly label: string; readonly help: string;
    readonly values: () => Readonly<Record<string, number>> }[] {
    return [{ name: 'paddock_image_lookups_total', label: 'outcome',
      help: 'Images that were asked for, by outcome (read, known, shared, failed, refused).', values: () => this.#counts }]
  }

  /**
   * Has images looked into. Resolves once all is known, or their budget is over: looking goes on. Undefined where nothing is to
   * be waited for. Never rejects.
   * @param most milliseconds, whatever the budget
   */
  prepare(asks: readonly ImageAsk[], { imageBudget, registries }: DependencyTerms, most: number): Promise<void> | undefined {
    const waiting: Promise<void>[] = []
    let wait = 0
    for (const ask of asks.slice(0, mostContainers)) {
      if (refusal(ask, registries) !== undefined) {
        this.#counts.refused++
        continue
      }
      const asked = this.#answer(ask)
      // A look-up is waited for once: who comes later than its budget does not wait for it again.
      // One of another command waits for the same registry: what /mutate has changed is asked for again by /validate.
      const opening = this.#openings.get(openingKey(ask))
      const began = opening && opening.until === undefined ? opening.began : asked.began
      const left = began + imageBudget - this.#settings.now()
      if (asked.until !== undefined || left <= 0) continue
      waiting.push(asked.done)
      wait = Math.max(wait, left)
    }
    if (waiting.length === 0) return undefined
    const { promise: late, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, Math.min(wait, most))
    return Promise.race([Promise.all(waiting).then(() => {}), late]).finally(() => clearTimeout(timer))
  }

  /** What is known by now. */
  answers(asks: readonly ImageAsk[], { registries }: DependencyTerms): readonly ImageAnswer[] {
    return asks.map((ask, index): ImageAnswer => {
      if (index >= mostContainers) return `at most ${mostContainers} containers of a workload are looked into`
      const refused = refusal(ask, registries)
      if (refused !== undefined) return refused
      return this.#answers.get(keyOf(ask))?.found ?? beingLookedInto
    })
  }

  /** What is known by now of the images of a workload. */
  known(workload: Workload, namespace: string, terms: DependencyTerms): KnownImages {
    const asks = asksOf(workload, namespace)
    const answers = this.answers(asks, terms)
    return (container, image) => answers[asks.findIndex((one) => one.container === container && one.image === image)]
  }

  /** Whether all that is asked is answered, be it by why it cannot be. */
  areKnown(asks: readonly ImageAsk[], { registries }: DependencyTerms): boolean {
    return asks.slice(0, mostContainers).every((ask) =>
      refusal(ask, registries) !== undefined || this.#answers.get(keyOf(ask))?.found !== undefined
    )
  }

  #answer(ask: ImageAsk): Asked<ImageAnswer> {
    return this.#once(this.#answers, keyOf(ask), async () => {
      const key = openingKey(ask)
      const opening = this.#once(this.#openings, key, () => this.#open(ask))
      await opening.done
      const opened = opening.found ?? 'it could not be looked into'
      if (typeof opened === 'string') return { found: opened, until: opening.until ?? 0 }
      // Where the object itself says gunicorn, its image is looked into whatever that says.
      const found = opened.mayHoldPython || ask.isNamed ? await this.#look(opened, ask.start)
        : 'nothing in its configuration speaks of Python'
      return { found, until: opening.until ?? 0 }
    })
  }

  /** What is known and still holds; else it is found out, once for all who ask. */
  #once<Found>(map: Map<string, Asked<Found>>, key: string,
    find: () => Promise<{ readonly found: Found; readonly until: number }>): Asked<Found> {
    const { now, log } = this.#settings
    const known = map.get(key)
    if (known && (known.until === undefined || known.until > now())) return known
    map.delete(key)
    const { promise: done, resolve } = Promise.withResolvers<void>()
    const asked: Asked<Found> = { began: now(), done, found: undefined, until: undefined }
    map.set(key, asked)
    trim(map)
    find().then(({ found, until }) => Object.assign(asked, { found, until }), (error: unknown) => {
      asked.until = now() + this.#holds.failure
      log.error('image not looked into', { error: (error as Error).message })
    }).finally(resolve)
    return asked
  }

  async #open({ image, secrets }: ImageAsk): Promise<{ readonly found: Opening | string; readonly until: number }> {
    const { looks, credentials, log, now } = this.#settings
    const failed = (found: string): { found: string; until: number } => {
      this.#counts.failed++
      return { found, until: now() + this.#holds.failure }
    }
    if (this.#asking >= mostAsking) return failed('too many images are asked for at once')
    this.#asking++
    try {
      let held = '{}'
      let unread = ''
      try {
        held = await credentials(secrets)
      } catch (error) {
        unread = ', and the Secrets of its Pods could not be read'
        log.warn('pull secrets not read', { namespace: secrets.namespace, error: (error as Error).message })
      }
      const began = now()
      const opened = await looks.open(image, held)
      if (typeof opened === 'string') return failed(`${opened}${unread}`)
      return { found: opened, until: image.includes('@') ? now() + digestHolds : began + Math.max(this.#holds.tag, 2 * (now() - began)) }
    } finally {
      this.#asking--
    }
  }

  /** Once for each digest and command, whatever the image is called. */
  async #look(opening: Opening, start: ContainerStart): Promise<ImageAnswer> {
    const command = commandFor(start, opening.config)
    const key = `${opening.digest} ${createHash('sha256').update(JSON.stringify(command)).digest('base64url')}`
    const known = this.#summaries.get(key)
    if (known) {
      this.#counts.known++
      this.#summaries.delete(key)
      this.#summaries.set(key, known)
      return known
    }
    const failure = this.#failures.get(opening.digest)
    if (failure && failure.until > this.#settings.now()) return failure.why
    let looking = this.#looking.get(key)
    if (!looking) {
      looking = this.#find(key, opening, command).finally(() => this.#looking.delete(key))
      this.#looking.set(key, looking)
    }
    return looking
  }

  async #find(key: string, opening: Opening, command: Command): Promise<ImageAnswer> {
    const { store, looks, now } = this.#settings
    let own: ImageAnswer | undefined
    const find = async (): Promise<string | undefined> => {
      const answer = await looks.look(opening, command)
      this.#counts[typeof answer === 'string' ? 'failed' : 'read']++
      if (typeof answer === 'string') {
        if (this.#failures.size >= mostAnswers) this.#failures.clear()
        this.#failures.set(opening.digest, { why: answer, until: now() + this.#holds.lookFailure })
        own = answer
        return undefined
      }
      own = answer.summary
      return answer.isWhole ? JSON.stringify({ version: summaryVersion, ...answer.summary }) : undefined
    }
    // What another release has written may be of another shape.
    const kept = `${summaryVersion} ${key}`
    const before = store?.get(kept)
    const { found, isOurs } = before === undefined
      ? await (store?.once(kept, find) ?? find().then((text) => ({ found: text, isOurs: true })))
      : { found: before, isOurs: false }
    const summary = found === undefined ? undefined : summaryIn(found, opening.digest)
    if (!isOurs) {
      // Somebody else has written what is not understood.
      if (!summary) await find()
      else this.#counts.shared++
    }
    if (summary) this.#keep(key, summary)
    return summary ?? own ?? 'it could not be looked into'
  }

  #keep(key: string, summary: ImageSummary): void {
    this.#summaries.set(key, summary)
    this.#characters += lengthOf(summary)
    for (const [oldest, one] of this.#summaries) {
      if (this.#characters <= mostCharacters) break
      this.#summaries.delete(oldest)
      this.#characters -= lengthOf(one)
    }
  }

  async stop(): Promise<void> {
    await Promise.all([this.#settings.looks.stop(), this.#settings.store?.stop()])
  }
}

/** What is told of an image that is not known yet. */
const beingLookedInto = 'it is being looked into: apply it again in a moment'

const openingKey = ({ secrets, image }: ImageAsk): string => JSON.stringify([secrets, image])

const lengthOf = (summary: ImageSummary): number => JSON.stringify(summary).length

const keyOf = ({ image, start, secrets }: ImageAsk): string =>
  createHash('sha256').update(JSON.stringify([image, start, secrets])).digest('base64url')

/** What was found out longest ago goes first; what is under way stays. */
function trim(map: Map<string, Asked<unknown>>): void {
  for (const [key, { until }] of map) {
    if (map.size <= mostAnswers) return
    if (until !== undefined) map.delete(key)
  }
}

/** Why an image is not asked for, by what the policy says of registries. */
function refusal({ image }: ImageAsk, registries: readonly string[]): string | undefined {
  let host: string
  try {
    ;({ host } = registryReference(image))
  } catch (error) {
    if (error instanceof ImageError) return error.message
    throw error
  }
  const isNamed = registries.some((name) =>
    name === '*' || name === host || (name.startsWith('*.') && host.replace(/:\d+$/, '').endsWith(name.slice(1)))
  )
  return isNamed ? undefined : `the policy does not have ${host} looked into`
}
