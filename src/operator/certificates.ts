/**
 * The certificates of the webhook, from nothing to the end of any of them: what stands in the cluster and the time → the next
 * step. Pure, and whoever takes a step need not remember the last one: a process may end anywhere, and another goes on.
 *
 * An authority is replaced in steps, so that every certificate that is served is trusted wherever a `caBundle` is in force:
 *
 * 1. `next` is made, and stands in the bundle beside `ca`, which goes on signing;
 * 2. the bundle gets into the Secret of the serving certificate and into both webhook configurations;
 * 3. once it has been there for a while, `next` becomes `ca`: its key takes the place of the former one, which is gone;
 * 4. a serving certificate is made that it signs;
 * 5. the former authority leaves the bundle when nothing that it signed can be valid any more.
 *
 * That last moment is known, since it is written down until when certificates are valid before they are made (`issuedUntil`).
 */
import { head, issue, issuer, makeAuthority } from '../x509/authority.ts'
import type { Certified, Random } from '../x509/authority.ts'
import { isFor, isKeyOf, isSignedBy, pemOf, read, readAll } from '../x509/read.ts'
import type { Read } from '../x509/read.ts'

/** What the Secret of the authority holds; nothing of it is sure to be whole. Times are milliseconds since 1970. */
export interface AuthorityContent {
  /** Signs now. */
  readonly ca?: Certified | undefined
  /** Will sign once it is trusted everywhere. */
  readonly next?: Certified | undefined
  /** All that is to be trusted, PEM. */
  readonly bundle: string
  /** No certificate that `ca` signed is valid for longer. */
  readonly issuedUntil?: number | undefined
  /** No certificate of the authorities that signed before `ca` is valid for longer. */
  readonly retiredUntil?: number | undefined
}

/** What the Secret of the serving certificate holds: PEM. */
export interface ServingContent extends Certified {
  readonly bundle: string
}

/** What stands in the cluster. */
export interface Standing {
  readonly authority: AuthorityContent | undefined
  readonly serving: ServingContent | undefined
  /** The `caBundle`s of the webhook configurations, PEM; none where no webhook is registered. */
  readonly inForce: readonly string[]
  /** Milliseconds for which just these have been seen in force. */
  readonly inForceFor: number
}

export interface CertificateSettings {
  /** DNS names and IP addresses that the webhook is called by. */
  readonly hosts: readonly string[]
  /** Milliseconds. */
  readonly caLifetime: number
  /** Milliseconds; at most a third of `caLifetime`. */
  readonly certificateLifetime: number
}

export type Step =
  | { readonly kind: 'authority'; readonly content: AuthorityContent; readonly reason: string }
  | { readonly kind: 'serving'; readonly content: ServingContent; readonly reason: string }
  /** Nothing to do for so many milliseconds, unless something changes. */
  | { readonly kind: 'wait'; readonly for: number; readonly reason: string }

/** Clocks of the cluster may differ by so many milliseconds. */
const skew = 5 * 60_000
/** Milliseconds, at most, that it takes until a changed webhook configuration is known to every API server. */
const longestSettling = 30_000

/** Milliseconds that a bundle has to be in force before what only it trusts is served. */
export const settling = ({ certificateLifetime }: CertificateSettings): number => Math.min(longestSettling, certificateLifetime / 20)

/** An authority that can sign. */
type Authority = Certified & Read

/** The next step. `now` is in milliseconds since 1970. */
export function nextStep(standing: Standing, settings: CertificateSettings, now: number, random: Random): Step {
  const { authority, serving, inForce } = standing
  const { caLifetime, certificateLifetime, hosts } = settings
  const margin = Math.min(skew, certificateLifetime)
  const ca = usable(authority?.ca, now)
  const next = usable(authority?.next, now)
  const leaf = serving && read(serving.cert)

  if (!authority || !ca) {
    const made = next ?? makeAuthority(now, caLifetime, random)
    // What is served now may be signed by any authority that is trusted somewhere.
    const all = valid(authorities([made.cert, authority?.bundle, authority?.ca?.cert, serving?.bundle, ...inForce]), now - margin)
    const retiredUntil = lastOf(authority, leaf, now + certificateLifetime)
    const content = { ca: pair(made), bundle: bundleOf(all), ...(all.length > 1 ? { retiredUntil } : {}) }
    return { kind: 'authority', content, reason: authority ? 'the authority cannot sign' : 'there is no authority' }
  }

  const { retiredUntil = Math.max(now + certificateLifetime, leaf?.until ?? 0) } = authority
  const isNeeded = (former: Read): boolean =>
    now < retiredUntil + margin || (leaf !== undefined && now < leaf.until + margin && isSignedBy(leaf.certificate, former.certificate))
  const present = [ca, ...(next ? [next] : [])]
  const retired = without(valid(authorities([authority.bundle, serving?.bundle]), now - margin), present).filter(isNeeded)
  const bundle = bundleOf([...present, ...retired])
  const content: AuthorityContent = {
    ca: authority.ca,
    ...(next ? { next: authority.next } : {}),
    bundle,
    ...(authority.issuedUntil === undefined ? {} : { issuedUntil: authority.issuedUntil }),
    // Once known it stays: by it a former authority that stands somewhere still is told from one that is missing here.
    ...(retired.length > 0 || authority.retiredUntil !== undefined ? { retiredUntil } : {}),
  }
  if (!same(content, authority)) return { kind: 'authority', content, reason: 'the bundle is not what is to be trusted' }
  if (serving && serving.bundle !== bundle) return { kind: 'serving', content: { ...serving, bundle }, reason: 'the bundle has changed' }

  const wait = settling(settings) - standing.inForceFor
  const isTrusted = (one: Authority): boolean => inForce.every((text) => holds(text, one))
  if (next && isTrusted(next) && wait <= 0) {
    const promoted = { ca: pair(next), bundle, retiredUntil: lastOf(authority, leaf, now + certificateLifetime) }
    return { kind: 'authority', content: promoted, reason: 'the next authority is trusted everywhere' }
  }

  const fault = servingFault(serving, leaf, ca, hosts, certificateLifetime, now)
  if (fault !== undefined) {
    // Where nothing was ever served, nobody can be cut off.
    const isFirst = inForce.length === 0 && !serving && retired.length === 0
    if (!isFirst && (!isTrusted(ca) || wait > 0))
      return { kind: 'wait', for: isTrusted(ca) ? wait : settling(settings), reason: 'the authority is not yet trusted everywhere' }
    const { issuedUntil = 0 } = authority
    const left = Math.min(certificateLifetime, issuedUntil - now)
    if (left < certificateLifetime * 0.9) {
      const announced = { ...content, issuedUntil: Math.max(issuedUntil, now + certificateLifetime) }
      return { kind: 'authority', content: announced, reason: 'a serving certificate is about to be made' }
    }
    return { kind: 'serving', content: { ...issue(ca, hosts, now, left, random), bundle }, reason: fault }
  }

  if (!next && now >= due(ca, caLifetime)) {
    const made = makeAuthority(now, caLifetime, random)
    const begun = { ...content, next: made, bundle: bundleOf([...authorities([ca.cert, made.cert]), ...retired]) }
    return { kind: 'authority', content: begun, reason: 'the authority is due' }
  }
  const dates = [
    leaf ? due(leaf, certificateLifetime) : Infinity,
    next ? now + Math.max(wait, 1) : due(ca, caLifetime),
    ...(retired.length > 0 ? [retiredUntil + margin] : []),
  ]
  return { kind: 'wait', for: Math.max(0, Math.min(...dates) - now), reason: 'nothing is due' }
}

/** After two thirds of its life. */
const due = ({ from, until }: Read, lifetime: number): number => from + head + Math.min(until - from - head, lifetime) * 2 / 3

/** An authority that can sign; undefined where it cannot. */
function usable(certified: Certified | undefined, now: number): Authority | undefined {
  const found = certified && read(certified.cert)
  if (!certified || !found || !isOurs(found) || found.from > now || found.until <= now || !isKeyOf(found.certificate, certified.key))
    return undefined
  return { ...certified, ...found }
}

const isOurs = ({ certificate }: Read): boolean =>
  certificate.ca && certificate.subject === issuer && certificate.publicKey.asymmetricKeyType === 'ec'

const pair = ({ cert, key }: Certified): Certified => ({ cert, key })

/** The authorities of Paddock's own making in these texts, each once. */
const authorities = (texts: readonly (string | undefined)[]): Read[] => readAll(texts.join('\n')).filter(isOurs)

const valid = (all: readonly Read[], at: number): Read[] => all.filter(({ until }) => until > at)

const without = (all: readonly Read[], some: readonly Read[]): Read[] => {
  const left = new Set(some.map(({ certificate }) => certificate.fingerprint256))
  return all.filter(({ certificate }) => !left.has(certificate.fingerprint256))
}

const holds = (bundle: string, { certificate }: Read): boolean =>
  readAll(bundle).some((one) => one.certificate.fingerprint256 === certificate.fingerprint256)

/** As PEM, the youngest first: the same text for the same authorities. */
const bundleOf = (all: readonly Read[]): string => {
  const sorted = [...all].sort((a, b) => b.from - a.from || (a.certificate.fingerprint256 < b.certificate.fingerprint256 ? -1 : 1))
  return sorted.map(({ certificate }) => pemOf(certificate)).join('')
}

/** Until when a certificate can be valid that any authority has signed so far; `unknown` where it was not written down. */
const lastOf = (authority: AuthorityContent | undefined, leaf: Read | undefined, unknown: number): number =>
  Math.max(authority?.issuedUntil ?? unknown, authority?.retiredUntil ?? 0, leaf?.until ?? 0)

const same = (one: AuthorityContent, other: AuthorityContent): boolean =>
  one.bundle === other.bundle && one.next === other.next && one.retiredUntil === other.retiredUntil

/** Why another serving certificate has to be made; undefined where none has. */
function servingFault(serving: ServingContent | undefined, leaf: Read | undefined, ca: Authority, hosts: readonly string[],
  lifetime: number, now: number): string | undefined {
  if (!serving || !leaf) return 'there is no serving certificate'
  if (!isKeyOf(leaf.certificate, serving.key)) return 'the key is not that of the serving certificate'
  if (!isSignedBy(leaf.certificate, ca.certificate)) return 'the serving certificate is of another authority'
  if (!isFor(leaf.certificate, hosts)) return 'the serving certificate lacks a host'
  if (leaf.from > now) return 'the serving certificate is not valid yet'
  return now < due(leaf, lifetime) ? undefined : 'the serving certificate is due'
}
