/** Two operators whose clocks differ, ended and started anywhere, on one cluster: is every certificate trusted wherever it is met? */
import { randomBytes } from 'node:crypto'
import type { X509Certificate } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { nextStep, settling } from '../../src/operator/certificates.ts'
import type { AuthorityContent, CertificateSettings, ServingContent } from '../../src/operator/certificates.ts'
import { isSignedBy, read, readAll, type Read } from '../../src/x509/read.ts'

const second = 1000
const minute = 60 * second
const settings: CertificateSettings = { hosts: ['paddock-webhook.paddock.svc'], caLifetime: 200 * minute, certificateLifetime: 60 * minute }
/** Milliseconds that an API server may be behind. */
const lag = settling(settings) - second

/** What was worked out once: it is asked for after every step. */
const known = new Map<string, boolean>()
function isSigned(certificate: X509Certificate, authority: X509Certificate): boolean {
  const key = `${certificate.serialNumber} ${authority.serialNumber}`
  const answer = known.get(key) ?? isSignedBy(certificate, authority)
  known.set(key, answer)
  return answer
}

class Conflict extends Error {}

/** What the API server stores of one name: written over the version that was read, or not at all. */
class Stored<T> {
  value: T | undefined
  #version = 0
  readonly #changed: (value: T | undefined) => void

  constructor(changed: (value: T | undefined) => void = () => {}) {
    this.#changed = changed
  }

  read(): { value: T | undefined; version: number } {
    return { value: this.value, version: this.#version }
  }

  write(value: T | undefined, version: number): void {
    if (version !== this.#version) throw new Conflict()
    this.value = value
    this.#version += 1
    this.#changed(value)
  }

  delete(): void {
    this.write(undefined, this.#version)
  }
}

class World {
  now = Date.UTC(2026, 0, 1)
  readonly start = this.now
  readonly authority = new Stored<AuthorityContent>()
  /** Every certificate that was ever served: a webhook that is not told of changes goes on with any of them. */
  readonly certificates: Read[] = []
  /** The bundles that were in force, and until when they were the last one of their configuration. */
  bundles: { readonly authorities: readonly Read[]; until: number }[] = []
  readonly serving = new Stored<ServingContent>((value) => {
    const leaf = read(value?.cert ?? '')
    if (leaf && !this.certificates.some(({ certificate }) => certificate.fingerprint256 === leaf.certificate.fingerprint256))
      this.certificates.push(leaf)
  })
  readonly configurations = [0, 1].map(() => {
    let last: World['bundles'][number] | undefined
    return new Stored<string>((value) => {
      if (last) last.until = this.now
      last = value === undefined ? undefined : { authorities: readAll(value), until: Infinity }
      if (last) this.bundles.push(last)
    })
  })

  /** The certificates that some API server would not trust now; none where all is well. */
  untrusted(): string[] {
    this.bundles = this.bundles.filter(({ until }) => until + lag > this.now)
    const isTrusted = ({ certificate }: Read, { authorities }: World['bundles'][number]) =>
      authorities.some((one) => this.now < one.until && isSigned(certificate, one.certificate))
    return this.certificates
      .filter(({ until }) => this.now < until)
      .filter((leaf) => !this.bundles.every((bundle) => isTrusted(leaf, bundle)))
      .map(({ from, until }) =>
        `the certificate of ${(from - this.start) / minute} to ${(until - this.start) / minute} min is not trusted at ${
          (this.now - this.start) / minute
        } min`
      )
  }
}

/** An operator that goes on by a call to the API server at a time. */
class Operator {
  readonly #world: World
  /** Milliseconds that its clock is ahead. */
  readonly #ahead: number
  #round: Generator<void> | undefined
  #inForce = { text: '', since: 0 }

  constructor(world: World, ahead: number) {
    this.#world = world
    this.#ahead = ahead
  }

  /** As if it had never been there. */
  kill(): void {
    this.#round = undefined
    this.#inForce = { text: '', since: this.#world.now }
  }

  step(): void {
    this.#round ??= this.#rounds()
    try {
      if (this.#round.next().done) this.#round = undefined
    } catch (error) {
      if (!(error instanceof Conflict)) throw error
      this.#round = undefined
    }
  }

  *#rounds(): Generator<void> {
    const { authority, serving, configurations } = this.#world
    const standing = configurations.map((one) => one.read())
    yield
    const [ours, theirs] = [authority.read(), serving.read()]
    const inForce = standing.flatMap(({ value }) => value ?? [])
    const text = standing.map(({ value }) => value ?? '').join('\n')
    if (text !== this.#inForce.text) this.#inForce = { text, since: this.#world.now }
    const step = nextStep(
      { authority: ours.value, serving: theirs.value, inForce, inForceFor: this.#world.now - this.#inForce.since },
      settings,
      this.#world.now + this.#ahead,
      randomBytes,
    )
    yield
    if (step.kind === 'authority') return authority.write(step.content, ours.version)
    const bundle = ours.value?.bundle
    for (const [index, configuration] of configurations.entries()) {
      const read = standing[index]
      // The first comes once something is served.
      if (!read || bundle === undefined || read.value === bundle || !theirs.value) continue
      configuration.write(bundle, read.version)
      yield
    }
    if (step.kind === 'serving') serving.write(step.content, theirs.version)
  }
}

/** What happens next, and how long after what came before. */
type Event = readonly [what: number, after: number]

/** Plays the events. Returns what was not trusted, and what became of the cluster. */
function play(events: readonly Event[], ahead: readonly number[]): { untrusted: string[]; world: World } {
  const world = new World()
  const operators = ahead.map((milliseconds) => new Operator(world, milliseconds))
  const [first] = operators
  // Paddock has been installed.
  for (let count = 0; count < 30; count++) first?.step()
  world.now += 10 * minute
  for (const [what, after] of events) {
    world.now += after
    const operator = operators[what % operators.length]
    if (what < 900) operator?.step()
    else if (what < 960) operator?.kill()
    else if (what < 980) world.configurations[what % 2]?.delete()
    else world.serving.delete()
    const untrusted = world.untrusted()
    if (untrusted.length > 0) return { untrusted, world }
  }
  return { untrusted: [], world }
}

/** As a rule a call follows the last one at once; now and then nothing happens for minutes. */
const event = fc.tuple(fc.nat(999),
  fc.oneof({ weight: 12, arbitrary: fc.integer({ min: 1, max: 500 }) }, { weight: 3,
    arbitrary: fc.integer({ min: second, max: 40 * second }) }, { weight: 1, arbitrary: fc.integer({ min: minute, max: 12 * minute }) }))
const skews = fc.tuple(fc.integer({ min: -5 * minute, max: 5 * minute }), fc.integer({ min: -5 * minute, max: 5 * minute }))

describe('two operators on one cluster', () => {
  test('every certificate that can be met is trusted wherever it is met', () => {
    let [authorities, certificates] = [0, 0]
    fc.assert(
      fc.property(fc.array(event, { minLength: 700, maxLength: 900, size: 'max' }), skews, (events, ahead) => {
        const { untrusted, world } = play(events, ahead)
        expect(untrusted).toEqual([])
        authorities = Math.max(authorities, new Set(world.certificates.map(({ certificate }) => signer(world, certificate))).size)
        certificates += world.certificates.length
      }),
      { numRuns: Number(process.env['PADDOCK_RACES'] ?? 12), endOnFailure: true },
    )
    // The property says nothing where nothing was renewed.
    expect(certificates).toBeGreaterThan(50)
    expect(authorities).toBeGreaterThan(1)
  }, 300_000)
})

const signer = ({ bundles }: World, certificate: X509Certificate): string =>
  bundles.flatMap(({ authorities }) => authorities).find((one) => isSigned(certificate, one.certificate))?.certificate.fingerprint256 ??
    'gone'
