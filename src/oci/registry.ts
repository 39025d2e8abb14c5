/**
 * Registries: the distribution protocol, with tokens and basic authentication. Sources: OCI distribution specification 1.1, and
 * distribution's `docs/spec/auth/token.md` and `oauth.md`.
 */
import { attachedTo, type AttachmentSource } from './attached.ts'
import { chooseImage, type Wanted } from './choose.ts'
import type { Credentials, CredentialStore } from './credentials.ts'
import type { Bytes } from './decompress.ts'
import { digestOf, whole } from './digest.ts'
import { ImageError } from './image-error.ts'
import { largestDocument, type Descriptor } from './manifest.ts'
import { Patience } from './patience.ts'
import type { RegistryReference } from './reference.ts'
import type { Blobs, StoredImage } from './store.ts'

export interface HttpRequest {
  readonly url: URL
  readonly method: 'GET' | 'POST'
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  /** False where whoever answers need not prove who he is. */
  readonly isVerified: boolean
  readonly signal: AbortSignal
}

export interface HttpResponse {
  readonly status: number
  readonly header: (name: string) => string | undefined
  readonly body: Bytes
  readonly discard: () => void
}

/** One request; redirects are not followed. Throws what keeps it from being answered, in a few words. */
export type Http = (request: HttpRequest) => Promise<HttpResponse>

export interface RegistryOptions {
  readonly http: Http
  readonly credentials: CredentialStore
  /** `HOST:PORT` of those that may be without TLS, or with a certificate that nobody vouches for. */
  readonly insecure: ReadonlySet<string>
}

const indexType = 'application/vnd.oci.image.index.v1+json'

/** `*` and lists with `*` are not enough for some registries. */
const accept = [indexType, 'application/vnd.oci.image.manifest.v1+json', 'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.docker.distribution.manifest.v2+json'].join(', ')

const mostRedirects = 5
const largestToken = 64 * 1024

/** The registries of a command: what is known of each of them is kept. */
export class Registries {
  readonly #options: RegistryOptions
  readonly #patience = new Map<string, Patience>()
  readonly #repositories = new Map<string, Repository>()

  constructor(options: RegistryOptions) {
    this.#options = options
  }

  async image(reference: RegistryReference, wanted: Wanted): Promise<StoredImage> {
    const { host, repository, tag, digest } = reference
    const own = this.#repository(host, repository)
    const image = await chooseImage(own, await own.root(digest ?? tag ?? 'latest'), wanted)
    const digests = [image.digest, ...(image.indexDigest === undefined ? [] : [image.indexDigest])]
    return { ...image, attached: () => attachedTo(own, digests, image.beside ?? []) }
  }

  #repository(host: string, name: string): Repository {
    const key = `${host}/${name}`
    let found = this.#repositories.get(key)
    if (!found) {
      let patience = this.#patience.get(host)
      if (!patience) this.#patience.set(host, patience = new Patience(host))
      this.#repositories.set(key, found = new Repository(host, name, this.#options, patience))
    }
    return found
  }
}

class Repository implements Blobs, AttachmentSource {
  readonly #host: string
  readonly #name: string
  readonly #options: RegistryOptions
  readonly #patience: Patience
  readonly #isInsecure: boolean
  #scheme: 'https' | 'http' | undefined
  #authorization: string | undefined
  /** The last manifest that was asked for by its tag, which need not be asked for again. */
  #last: { readonly digest: string; readonly content: Buffer } | undefined

  constructor(host: string, name: string, options: RegistryOptions, patience: Patience) {
    this.#host = host
    this.#name = name
    this.#options = options
    this.#patience = patience
    this.#isInsecure = options.insecure.has(host)
  }

  /** What a tag or a digest leads to. */
  async root(named: string): Promise<Descriptor> {
    const response = await this.#get(`manifests/${named}`, { accept })
    const content = await whole(this.#received(response), largestDocument)
    const [digest, told] = [digestOf(content), response.header('docker-content-digest')]
    const isPinned = named.includes(':')
    if (isPinned ? !named.startsWith('sha256:') || named !== digest : told?.startsWith('sha256:') === true && told !== digest)
      throw new ImageError(`${this.#host} has answered a manifest that is not what its digest tells`)
    this.#last = { digest, content }
    return { digest, size: content.length, mediaType: response.header('content-type') ?? '', annotations: {} }
  }

  /** Registries without it answer in many ways. */
  async referrers(digest: string): Promise<Buffer | undefined> {
    const response = await this.#get(`referrers/${digest}`, { accept: indexType },
      (status) => status >= 400 && ![401, 403, 429].includes(status))
    if (response?.header('content-type')?.startsWith(indexType) === true) return whole(this.#received(response), largestDocument)
    response?.discard()
    return undefined
  }

  async manifest(named: string): Promise<Buffer | undefined> {
    const response = await this.#get(`manifests/${named}`, { accept }, (status) => status === 404)
    return response && whole(this.#received(response), largestDocument)
  }

  blob(descriptor: Descriptor): Bytes {
    return this.open(descriptor)
  }

  async *open({ digest }: Pick<Descriptor, 'digest'>, isManifest = false): Bytes {
    if (this.#last?.digest === digest) {
      yield this.#last.content
      return
    }
    yield* this.#received(await this.#get(`${isManifest ? 'manifests' : 'blobs'}/${digest}`, isManifest ? { accept } : {}))
  }

  async *#received({ body, discard }: HttpResponse): Bytes {
    const iterator = body[Symbol.asyncIterator]()
    try {
      for (;;) {
        const next = await this.#asked(iterator.next(), discard)
        if (next.done) return
        this.#patience.got(next.value.length)
        yield next.value
      }
    } finally {
      discard()
    }
  }

  /** Waits, and says in words what has gone wrong. What the network says may hold an address with a signature. */
  async #asked<T>(promise: Promise<T>, abort: () => void): Promise<T> {
    try {
      return await this.#patience.for(promise, abort)
    } catch (error) {
      if (error instanceof ImageError) throw error
      // What is not spoken to, where somebody else says where to look.
      if ((error as NodeJS.ErrnoException).code === 'EADDRFORBIDDEN') throw new ImageError(`${this.#host} has a local address`)
      throw new ImageError(`${this.#host} cannot be reached: ${networkWords(error)}`)
    }
  }

  async #get(path: string, headers: Readonly<Record<string, string>>): Promise<HttpResponse>
  async #get(path: string, headers: Readonly<Record<string, string>>, isNothing: (status: number) => boolean): Promise<
    HttpResponse | undefined
  >
  async #get(path: string, headers: Readonly<Record<string, string>>, isNothing?: (status: number) => boolean): Promise<
    HttpResponse | undefined
  > {
    const server = this.#host === 'docker.io' ? 'registry-1.docker.io' : this.#host
    const address = (scheme: string): URL => new URL(`${scheme}://${server}/v2/${this.#name}/${path}`)
    let response = await this.#first(address, headers)
    if (response.status === 401) {
      response.discard()
      const challenge = response.header('www-authenticate') ?? ''
      this.#authorization = await this.#authorize(challenge)
      response = await this.#followed(address(this.#scheme ?? 'https'), headers)
    }
    if (response.status === 200) return response
    response.discard()
    if (isNothing?.(response.status)) return undefined
    throw new ImageError(refusal(this.#host, response.status, path.startsWith('blobs/')))
  }

  /** The first request to a registry that may do without TLS finds out which of them it speaks. */
  async #first(address: (scheme: string) => URL, headers: Readonly<Record<string, string>>): Promise<HttpResponse> {
    if (this.#scheme !== undefined || !this.#isInsecure) return this.#followed(address(this.#scheme ??= 'https'), headers)
    try {
      const response = await this.#followed(address('https'), headers)
      this.#scheme = 'https'
      return response
    } catch (error) {
      if (!(error instanceof ImageError) || error.message.endsWith('in time')) throw error
      const response = await this.#followed(address('http'), headers)
      this.#scheme = 'http'
      return response
    }
  }

  /** Follows redirects. Who is sent elsewhere tells nobody there who he is. */
  async #followed(first: URL, headers: Readonly<Record<string, string>>): Promise<HttpResponse> {
    let url = first
    for (let redirects = 0; redirects <= mostRedirects; redirects++) {
      const isOwn = url.host === first.host && url.protocol === first.protocol
      const response = await this.#send({ url, method: 'GET',
        headers: { ...headers, ...(isOwn && this.#authorization !== undefined ? { authorization: this.#authorization } : {}) } })
      const location = response.header('location')
      if (![301, 302, 303, 307, 308].includes(response.status) || location === undefined) return response
      response.discard()
      url = this.#redirected(location, url)
    }
    throw new ImageError(`${this.#host} sends on more than ${mostRedirects} times`)
  }

  #redirected(location: string, from: URL): URL {
    if (!URL.canParse(location, from.href)) throw new ImageError(`${this.#host} sends on to what is no address`)
    const url = new URL(location, from)
    const isTaken = url.protocol === 'https:' || (url.protocol === 'http:' && (this.#isInsecure || from.protocol === 'http:'))
    if (!isTaken || url.username !== '') throw new ImageError(`${this.#host} sends on to an address without TLS`)
    return url
  }

  async #send(request: Pick<HttpRequest, 'url' | 'method' | 'headers'> & { readonly body?: string }): Promise<HttpResponse> {
    const controller = new AbortController()
    return this.#asked(this.#options.http({ ...request, isVerified: !this.#isInsecure, signal: controller.signal }),
      () => controller.abort())
  }

  /** What is to be said to a challenge. */
  async #authorize(challenge: string): Promise<string> {
    const credentials = await this.#options.credentials.find(this.#host, this.#name)
    const wants = `${this.#host} wants ${credentials ? 'other credentials' : 'credentials'} for it`
    if (this.#authorization !== undefined && !/^bearer/i.test(challenge)) throw new ImageError(wants)
    if (/^basic\b/i.test(challenge)) {
      if (credentials?.kind !== 'basic') throw new ImageError(wants)
      return basic(credentials)
    }
    if (!/^bearer\b/i.test(challenge)) throw new ImageError(`${this.#host} wants credentials of a kind that is not known`)
    return `Bearer ${await this.#token(challenge, credentials, wants)}`
  }

  async #token(challenge: string, credentials: Credentials | undefined, wants: string): Promise<string> {
    const parameters = new Map(
      [...challenge.slice(0, 8192).matchAll(/\b(\w+)="([^"]*)"/g)].map((
        [, name = '', value = ''],
      ): [string, string] => [name.toLowerCase(), value]),
    )
    const realm = parameters.get('realm') ?? ''
    if (!URL.canParse(realm)) throw new ImageError(`${this.#host} names no place that gives tokens`)
    const url = new URL(realm)
    if (url.protocol !== 'https:' && !(url.protocol === 'http:' && this.#isInsecure))
      throw new ImageError(`${this.#host} wants credentials to be sent without TLS`)
    const [service, scope] = [parameters.get('service'), `repository:${this.#name}:pull`]
    let response: HttpResponse
    if (credentials?.kind === 'token') {
      const form = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: credentials.token, client_id: 'paddock', scope,
        ...(service === undefined ? {} : { service }) })
      response = await this.#send({ url, method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: form.toString() })
    } else {
      if (service !== undefined) url.searchParams.set('service', service)
      url.searchParams.set('scope', scope)
      response = await this.#send({ url, method: 'GET', headers: credentials ? { authorization: basic(credentials) } : {} })
    }
    if (response.status !== 200) {
      response.discard()
      throw new ImageError(response.status === 401 || response.status === 403 ? wants : refusal(url.host, response.status, false))
    }
    const text = (await whole(this.#received(response), largestToken)).toString('utf8')
    const [, token] = /"(?:token|access_token)"\s*:\s*"([\w.~+/=-]+)"/.exec(text) ?? []
    if (token === undefined) throw new ImageError(`${url.host} has given no token`)
    return token
  }
}

const basic = ({ user, password }: Extract<Credentials, { kind: 'basic' }>): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`

function refusal(host: string, status: number, isBlob: boolean): string {
  if (status === 401 || status === 403) return `${host} does not let it be read (${status})`
  if (status === 404) return isBlob ? `${host} does not have it` : `${host} has no such image`
  if (status === 429) return `${host} has been asked too often (429)`
  return `${host} answers with ${status}`
}

/** Of what a request ends with, words that hold no address. */
function networkWords(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  const words: Readonly<Record<string, string>> = {
    ECONNREFUSED: 'nobody listens there',
    ENOTFOUND: 'there is no such host',
    EAI_AGAIN: 'its name cannot be looked up',
    ECONNRESET: 'the connection has ended',
    EPROTO: 'it does not speak TLS',
    UND_ERR_SOCKET: 'the connection has ended',
    ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS',
    EHOSTUNREACH: 'there is no way to it',
    ENETUNREACH: 'there is no way to it',
    ETIMEDOUT: 'it does not answer',
  }
  if (code !== undefined && words[code] !== undefined) return words[code]
  if (/certificate|self.signed|altnames?/i.test(`${code} ${message}`)) return `its certificate is not trusted (${code ?? 'unknown'})`
  return code ?? 'the connection has failed'
}
