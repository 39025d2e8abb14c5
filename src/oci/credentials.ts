/** Credentials for registries, as docker keeps them: config.json, and the helpers that it names. Source: docker/cli, `cli/config`. */
import { ImageError } from './image-error.ts'

/** Neither is ever written anywhere. */
export type Credentials = { readonly kind: 'basic'; readonly user: string; readonly password: string } | { readonly kind: 'token';
  readonly token: string }

/** Asks `docker-credential-NAME get`: what it answers; undefined where it knows nothing. Throws where it does not answer. */
export type AskHelper = (name: string, server: string) => Promise<string | undefined>

type Fields = Readonly<Record<string, unknown>>
const fieldsOf = (value: unknown): Fields => (typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {})

/** Docker's own name for Docker Hub. */
const hub = 'https://index.docker.io/v1/'

/** What a docker config file knows. */
export class CredentialStore {
  readonly #config: Fields
  readonly #ask: AskHelper

  /** @throws {ImageError} for what is no config file */
  constructor(text: string | undefined, ask: AskHelper) {
    this.#ask = ask
    try {
      this.#config = fieldsOf(JSON.parse(text ?? '{}'))
    } catch {
      throw new ImageError('the file with the credentials of registries is no JSON')
    }
  }

  /** For a repository of a registry; undefined where nothing is known. */
  async find(host: string, repository: string): Promise<Credentials | undefined> {
    const server = host === 'docker.io' ? hub : host
    const helper = fieldsOf(this.#config['credHelpers'])[server] ?? fieldsOf(this.#config['credHelpers'])[host] ??
      this.#config['credsStore']
    if (typeof helper === 'string' && helper !== '') {
      const found = await this.#fromHelper(helper, server)
      if (found) return found
    }
    return fromEntry(this.#entry(host, repository))
  }

  /** As Kubernetes has it, an entry may be for a part of a registry: the longest one holds. */
  #entry(host: string, repository: string): Fields {
    const auths = Object.entries(fieldsOf(this.#config['auths']))
    const own = `${host}/${repository}`
    const fitting = auths
      .map(([key, value]) => ({
        key: key === hub || /^(?:https:\/\/)?(?:index|registry-1)\.docker\.io(?:\/|$)/.test(key) ? 'docker.io'
          : key.replace(/^https?:\/\//, '').replace(/\/(?:v[12]\/?)?$/, ''),
        value: fieldsOf(value),
      }))
      .filter(({ key }) => key === host || own === key || own.startsWith(`${key}/`))
    return fitting.toSorted((one, other) => other.key.length - one.key.length)[0]?.value ?? {}
  }

  async #fromHelper(name: string, server: string): Promise<Credentials | undefined> {
    if (!/^[\w.-]+$/.test(name)) throw new ImageError('the file with the credentials of registries names no helper that may be started')
    const answer = await this.#ask(name, server)
    if (answer === undefined) return undefined
    let fields: Fields
    try {
      fields = fieldsOf(JSON.parse(answer))
    } catch {
      throw new ImageError(`docker-credential-${name} has answered what is no JSON`)
    }
    const [user, secret] = [fields['Username'], fields['Secret']]
    if (typeof secret !== 'string' || secret === '') return undefined
    return user === '<token>' ? { kind: 'token', token: secret }
      : { kind: 'basic', user: typeof user === 'string' ? user : '', password: secret }
  }
}

function fromEntry({ auth, username, password, identitytoken: identity }: Fields): Credentials | undefined {
  if (typeof identity === 'string' && identity !== '') return { kind: 'token', token: identity }
  if (typeof auth === 'string' && auth !== '') {
    const text = Buffer.from(auth, 'base64').toString('utf8').replaceAll('\0', '')
    const colon = text.indexOf(':')
    if (colon > 0) return { kind: 'basic', user: text.slice(0, colon), password: text.slice(colon + 1) }
  }
  return typeof username === 'string' && typeof password === 'string' && username !== '' ? { kind: 'basic', user: username, password }
    : undefined
}
