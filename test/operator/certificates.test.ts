import { randomBytes } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { nextStep, settling } from '../../src/operator/certificates.ts'
import type { AuthorityContent, CertificateSettings, ServingContent, Standing, Step } from '../../src/operator/certificates.ts'
import { issue, makeAuthority } from '../../src/x509/authority.ts'
import { isFor, isKeyOf, isSignedBy, read, readAll } from '../../src/x509/read.ts'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour
const settings: CertificateSettings = { hosts: ['paddock-webhook.paddock.svc'], caLifetime: 365 * day, certificateLifetime: 7 * day }
const start = Date.UTC(2026, 0, 1)

/** A cluster in which one operator acts, and every step succeeds. */
class Cluster {
  authority: AuthorityContent | undefined
  serving: ServingContent | undefined
  /** The bundle of each webhook configuration; none before the webhook serves. */
  inForce: string[] = []
  now = start
  #since = start
  readonly steps: string[] = []
  readonly settings: CertificateSettings

  constructor(own: Partial<CertificateSettings> = {}) {
    this.settings = { ...settings, ...own }
  }

  get standing(): Standing {
    const { authority, serving, inForce } = this
    return { authority, serving, inForce, inForceFor: this.now - this.#since }
  }

  /** The configurations say what the Secret says, once there is something to serve with. */
  configure(): void {
    const wanted = this.serving && this.authority ? [this.authority.bundle, this.authority.bundle] : []
    if (wanted.join() !== this.inForce.join()) this.trust(wanted)
  }

  trust(bundles: string[]): void {
    this.inForce = bundles
    this.#since = this.now
  }

  step(): Step {
    const step = nextStep(this.standing, this.settings, this.now, randomBytes)
    if (step.kind === 'authority') this.authority = step.content
    if (step.kind === 'serving') this.serving = step.content
    this.steps.push(step.reason)
    return step
  }

  /** Goes on until nothing is due but with time; what it waits for comes. Returns how long the operator may sleep then. */
  settle(): number {
    for (let count = 0; count < 30; count++) {
      const step = this.step()
      this.configure()
      if (step.kind !== 'wait') continue
      if (step.reason === 'nothing is due' && step.for > settling(this.settings)) return step.for
      this.now += step.for
    }
    throw new Error(`it does not settle: ${this.steps.slice(-8).join('; ')}`)
  }

  /** Lives on for so long; `problems` is asked before and after each step. */
  live(milliseconds: number): void {
    const end = this.now + milliseconds
    while (this.now < end) this.now += Math.min(this.settle(), end - this.now) || 1
  }
}

/** Why a client that trusts this bundle would not take this certificate; undefined where it would. */
function mistrust(cert: string, bundle: string, now: number): string | undefined {
  const leaf = read(cert)
  if (!leaf) return 'there is no certificate'
  if (leaf.from > now || leaf.until <= now) return 'the certificate is not valid'
  const signers = readAll(bundle).filter((one) => one.from <= now && now < one.until && isSignedBy(leaf.certificate, one.certificate))
  return signers.length > 0 ? undefined : 'no authority of the bundle has signed it'
}

/** Everything is as it is to be. */
function expectHealthy({ authority, serving, inForce, now, settings: { hosts } }: Cluster): void {
  const leaf = read(serving?.cert ?? '')
  if (!leaf || !authority?.ca || !serving) throw new Error('something is missing')
  expect(isKeyOf(leaf.certificate, serving.key)).toBe(true)
  expect(isFor(leaf.certificate, hosts)).toBe(true)
  expect(mistrust(serving.cert, authority.ca.cert, now)).toBeUndefined()
  expect([...inForce, serving.bundle]).toEqual([authority.bundle, authority.bundle, authority.bundle])
}

const settled = (own: Partial<CertificateSettings> = {}): Cluster => {
  const cluster = new Cluster(own)
  cluster.settle()
  cluster.steps.length = 0
  return cluster
}

describe('the certificates of the webhook', () => {
  test('are made where there are none, without waiting for anything', () => {
    const cluster = new Cluster()
    cluster.settle()
    expect(cluster.steps.slice(0, 3)).toEqual(['there is no authority', 'a serving certificate is about to be made',
      'there is no serving certificate'])
    expectHealthy(cluster)
    expect(read(cluster.serving?.cert ?? '')?.until).toBe(start + 7 * day)
    expect(read(cluster.authority?.ca?.cert ?? '')?.until).toBe(start + 365 * day)
    expect(cluster.now - start).toBeLessThanOrEqual(settling(settings))
  })

  test('are renewed after two thirds of their life, the authority rests', () => {
    const cluster = settled()
    const { ca } = cluster.authority ?? {}
    expect(cluster.settle()).toBeCloseTo(start + 7 * day * 2 / 3 - cluster.now, -3)
    cluster.now = start + 5 * day
    cluster.settle()
    expect(cluster.steps).toEqual(['nothing is due', 'a serving certificate is about to be made', 'the serving certificate is due',
      'nothing is due'])
    expect(cluster.authority?.ca).toEqual(ca)
    expectHealthy(cluster)
  })

  test('the authority is replaced in steps, and leaves the bundle when nothing of it can be valid any more', () => {
    const cluster = settled()
    const former = cluster.authority?.ca?.cert ?? ''
    cluster.live(244 * day)
    expect(cluster.authority?.ca?.cert).not.toBe(former)
    const begin = cluster.steps.indexOf('the authority is due')
    expect(cluster.steps.slice(begin, begin + 6)).toEqual([
      'the authority is due',
      'the bundle has changed',
      'nothing is due',
      'the next authority is trusted everywhere',
      'a serving certificate is about to be made',
      'the serving certificate is of another authority',
    ])
    expect(readAll(cluster.authority?.bundle ?? '')).toHaveLength(2)
    cluster.live(8 * day)
    expect(readAll(cluster.authority?.bundle ?? '')).toHaveLength(1)
    expectHealthy(cluster)
  })

  test('an authority that ended while nobody ran is replaced', () => {
    const cluster = settled()
    cluster.now += 400 * day
    cluster.settle()
    expectHealthy(cluster)
    expect(readAll(cluster.authority?.bundle ?? '')).toHaveLength(1)
  })

  test('are made anew for other hosts', () => {
    const cluster = settled()
    const renamed = Object.assign(new Cluster({ hosts: ['other.paddock.svc'] }), { authority: cluster.authority, serving: cluster.serving,
      now: cluster.now })
    renamed.configure()
    renamed.settle()
    expectHealthy(renamed)
    expect(renamed.authority?.ca).toEqual(cluster.authority?.ca)
  })

  describe('that were damaged are repaired, and what was served is trusted until then', () => {
    const foreign = makeAuthority(start, 365 * day, randomBytes)
    const cases: [string, (cluster: Cluster) => void, trusted?: boolean][] = [
      ['the authority deleted', (cluster) => (cluster.authority = undefined)],
      ['the serving certificate deleted', (cluster) => (cluster.serving = undefined)],
      ['both deleted', (cluster) => (cluster.authority = cluster.serving = undefined)],
      ['its key deleted', (cluster) => (cluster.authority = { ...whole(cluster), ca: { cert: whole(cluster).ca?.cert ?? '', key: '' } })],
      ['its certificate deleted',
        (cluster) => (cluster.authority = { ...whole(cluster), ca: { cert: '', key: whole(cluster).ca?.key ?? '' } })],
      ['another authority in its place', (cluster) => (cluster.authority = { ...whole(cluster), ca: foreign })],
      ['the key of another',
        (cluster) => (cluster.authority = { ...whole(cluster), ca: { cert: whole(cluster).ca?.cert ?? '', key: foreign.key } })],
      ['the bundle deleted', (cluster) => (cluster.authority = { ...whole(cluster), bundle: '' })],
      ['the bundle of somebody else', (cluster) => (cluster.authority = { ...whole(cluster), bundle: foreign.cert })],
      ['dates of long ago', (cluster) => (cluster.authority = { ...whole(cluster), issuedUntil: 0, retiredUntil: 0 })],
      ['dates far ahead', (cluster) => (cluster.authority = { ...whole(cluster), issuedUntil: 9e14, retiredUntil: 9e14 })],
      ['a next one that is none', (cluster) => (cluster.authority = { ...whole(cluster), next: { cert: 'hello', key: 'hello' } })],
      ['the key of the serving certificate deleted', (cluster) => (cluster.serving = { ...served(cluster), key: '' })],
      ['a serving certificate that is none', (cluster) => (cluster.serving = { ...served(cluster), cert: 'hello' })],
      ['a serving certificate of somebody else',
        (cluster) => (cluster.serving = { ...issue(foreign, settings.hosts, start, day, randomBytes), bundle: foreign.cert })],
      ['its bundle deleted', (cluster) => (cluster.serving = { ...served(cluster), bundle: '' })],
      ['a caBundle deleted', (cluster) => cluster.trust([whole(cluster).bundle, '']), false],
      ['the caBundle of somebody else', (cluster) => cluster.trust([foreign.cert, foreign.cert]), false],
      ['no configuration any more', (cluster) => cluster.trust([])],
    ]
    const whole = ({ authority }: Cluster): AuthorityContent => authority ?? { bundle: '' }
    const served = ({ serving }: Cluster): ServingContent => serving ?? { cert: '', key: '', bundle: '' }

    test.each(cases)('%s', (_case, damage, isTrusted = true) => {
      for (const age of [day, 90 * day, 91 * day]) {
        const cluster = settled({ caLifetime: 135 * day })
        cluster.live(age)
        const { cert } = served(cluster)
        damage(cluster)
        // The webhook goes on serving what it has until it sees another.
        for (let count = 0; count < 20; count++) {
          const step = cluster.step()
          cluster.configure()
          if (step.kind === 'serving' && step.content.cert !== cert) break
          if (isTrusted) { for (const bundle of cluster.inForce) expect(mistrust(cert, bundle, cluster.now)).toBeUndefined() }
          if (step.kind === 'wait') cluster.now += Math.min(step.for, minute)
        }
        cluster.settle()
        expectHealthy(cluster)
        cluster.live(60 * day)
        expectHealthy(cluster)
      }
    })
  })
})
