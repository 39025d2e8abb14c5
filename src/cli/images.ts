/** The images that a command of Paddock's looks into: where from, and with whose credentials. */
import { CredentialStore } from '../oci/credentials.ts'
import type { Wanted } from '../oci/choose.ts'
import { openImage } from '../oci/open.ts'
import { readPlatform } from '../oci/manifest.ts'
import { readReference, registryReference } from '../oci/reference.ts'
import { Registries } from '../oci/registry.ts'
import type { StoredImage } from '../oci/store.ts'
import { FileError } from './exit.ts'
import type { Io } from './io.ts'

export interface RegistryFlags {
  readonly platform?: string
  readonly registryConfig?: string
  readonly registryCa?: string
  readonly insecureRegistry?: readonly string[]
}

/** Opens images by their names. Throws an ImageError for one that cannot be opened. */
export class Images {
  readonly wanted: Wanted
  readonly #registries: Registries
  readonly #io: Pick<Io, 'openFile'>

  /** @throws {UsageError} for a file that was named and cannot be read */
  constructor(flags: RegistryFlags, io: Pick<Io, 'openFile' | 'readFile' | 'http' | 'askHelper' | 'env'>) {
    this.wanted = { platform: readPlatform(flags.platform ?? 'linux/amd64'), isFirm: flags.platform !== undefined }
    this.#io = io
    this.#registries = new Registries({
      http: io.http(flags.registryCa === undefined ? undefined : io.readFile(flags.registryCa)),
      credentials: new CredentialStore(dockerConfig(flags, io), io.askHelper),
      insecure: new Set(flags.insecureRegistry),
    })
  }

  /** By a name that a person has given: a folder or an archive, too. */
  async open(name: string): Promise<StoredImage> {
    return openImage(readReference(name), this.wanted, { openFile: this.#io.openFile, registries: this.#registries })
  }

  /** By a name that stands in a manifest: of a registry alone. */
  async ofRegistry(name: string): Promise<StoredImage> {
    return this.#registries.image(registryReference(name), this.wanted)
  }
}

/** The file that is named; else that of docker, which need not be there. */
function dockerConfig({ registryConfig }: RegistryFlags, { readFile, env }: Pick<Io, 'readFile' | 'env'>): string | undefined {
  if (registryConfig !== undefined) return readFile(registryConfig)
  const folder = env['DOCKER_CONFIG'] ?? (env['HOME'] === undefined ? undefined : `${env['HOME']}/.docker`)
  try {
    return folder === undefined ? undefined : readFile(`${folder}/config.json`)
  } catch (error) {
    if (error instanceof FileError && error.isAbsent) return undefined
    throw error
  }
}
