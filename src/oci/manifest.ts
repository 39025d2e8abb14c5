/** Indexes, manifests and configurations of images, of OCI and of Docker. Source: OCI image specification 1.1. */
import { ImageError } from './image-error.ts'
import { readDigest } from './digest.ts'

export interface Descriptor {
  readonly mediaType: string
  readonly digest: string
  readonly size: number
  readonly platform?: Platform | undefined
  readonly annotations: Readonly<Record<string, string>>
  /** Of what is attached to an image; many put one on images, too. */
  readonly artifactType?: string
}

export interface Platform {
  readonly os: string
  readonly architecture: string
  readonly variant: string
}

export interface Index {
  readonly kind: 'index'
  readonly manifests: readonly Descriptor[]
}

export interface Manifest {
  readonly kind: 'manifest'
  readonly config: Descriptor
  readonly layers: readonly Descriptor[]
}

/** What a container of the image is started with, as far as that is told. */
export interface ImageConfig {
  readonly platform: Platform
  readonly entrypoint: readonly string[]
  readonly cmd: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly workingDir: string
  readonly user: string
  readonly labels: Readonly<Record<string, string>>
  /** The steps by which it was built, as far as they are told: cut short. */
  readonly history: readonly string[]
  /** Digests of the layers once they are unpacked. */
  readonly diffIds: readonly string[]
}

/** An index, a manifest, or a configuration is no larger. Source: distribution/distribution, `maxManifestBodySize`. */
export const largestDocument = 4 * 1024 * 1024
/** No image has so many. Linux mounts at most 500 of them. */
export const mostLayers = 500
/** So many steps of its building are kept, and so many characters of each. */
const mostSteps = 200
const longestStep = 500

type Fields = Readonly<Record<string, unknown>>

const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value)
const stringOf = (value: unknown): string => (typeof value === 'string' ? value : '')
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
const strings = (value: unknown): string[] => listOf(value).filter((item) => typeof item === 'string')
const stringMap = (
  value: unknown,
): Record<string, string> => (isFields(value)
  ? Object.fromEntries(Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string')) : {})

function parsed(content: Uint8Array, what: string): Fields {
  let value: unknown
  try {
    value = JSON.parse(Buffer.from(content).toString('utf8'))
  } catch {
    throw new ImageError(`${what} is no JSON`)
  }
  if (!isFields(value)) throw new ImageError(`${what} is no object`)
  return value
}

export function readManifest(content: Uint8Array): Index | Manifest {
  const value = parsed(content, 'the manifest')
  if (value['schemaVersion'] === 1)
    throw new ImageError('the manifest is of schema 1, which is not read: push the image again with a newer program')
  if (Array.isArray(value['manifests'])) return { kind: 'index', manifests: value['manifests'].map(descriptor) }
  if (!isFields(value['config']) || !Array.isArray(value['layers']))
    throw new ImageError('the manifest is neither that of an image nor an index')
  if (value['layers'].length > mostLayers)
    throw new ImageError(`it has ${value['layers'].length} layers, and ${mostLayers} are read at most`)
  const config = descriptor(value['config'])
  if (/\.(?:helm|wasm|cncf)\./.test(config.mediaType) || config.mediaType === 'application/vnd.oci.empty.v1+json')
    throw new ImageError(`it is no image, but ${config.mediaType}`)
  return { kind: 'manifest', config, layers: value['layers'].map(descriptor) }
}

/** The entries of an index; undefined for what is none. */
export function readEntries(content: Uint8Array): readonly Descriptor[] | undefined {
  const { manifests } = parsed(content, 'the list of what is attached')
  return Array.isArray(manifests) ? manifests.map(descriptor) : undefined
}

/** The documents of what is attached to an image; none where it says that it is attached to something else. */
export function readArtifact(content: Uint8Array, to: string): readonly Descriptor[] {
  const value = parsed(content, 'what is attached')
  const subject = isFields(value['subject']) ? value['subject']['digest'] : undefined
  return subject !== undefined && subject !== to ? [] : listOf(value['layers']).map(descriptor)
}

function descriptor(value: unknown): Descriptor {
  const fields = isFields(value) ? value : {}
  const [digest, size] = [stringOf(fields['digest']), fields['size']]
  if (!readDigest(digest)) throw new ImageError('the manifest names something without a digest that is known')
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0)
    throw new ImageError('the manifest names something without a size')
  return { mediaType: stringOf(fields['mediaType']), digest, size, platform: platformOf(fields['platform']),
    annotations: stringMap(fields['annotations']),
    ...(typeof fields['artifactType'] === 'string' ? { artifactType: fields['artifactType'] } : {}) }
}

function platformOf(value: unknown): Platform | undefined {
  if (!isFields(value)) return undefined
  const platform = { os: stringOf(value['os']), architecture: stringOf(value['architecture']), variant: stringOf(value['variant']) }
  return platform.os === '' && platform.architecture === '' ? undefined : platform
}

export function readConfig(content: Uint8Array): ImageConfig {
  const value = parsed(content, 'the configuration')
  const config = isFields(value['config']) ? value['config'] : {}
  const rootfs = isFields(value['rootfs']) ? value['rootfs'] : {}
  const pairs = strings(config['Env']).flatMap((text): [string, string][] => {
    const equals = text.indexOf('=')
    return equals > 0 ? [[text.slice(0, equals), text.slice(equals + 1)]] : []
  })
  return {
    platform: platformOf(value) ?? { os: '', architecture: '', variant: '' },
    entrypoint: strings(config['Entrypoint']),
    cmd: strings(config['Cmd']),
    env: Object.fromEntries(pairs),
    workingDir: stringOf(config['WorkingDir']),
    user: stringOf(config['User']),
    labels: stringMap(config['Labels']),
    history: listOf(value['history']).slice(-mostSteps).map((step) =>
      stringOf(isFields(step) ? step['created_by'] : '').slice(0, longestStep)
    ),
    diffIds: strings(rootfs['diff_ids']),
  }
}

/** `linux/arm64/v8` @throws {ImageError} */
export function readPlatform(text: string): Platform {
  const [os = '', architecture = '', variant = '', ...rest] = text.split('/')
  if (os === '' || architecture === '' || rest.length > 0)
    throw new ImageError(`a platform must be OS/ARCHITECTURE, as in linux/amd64, and not ${JSON.stringify(text.slice(0, 100))}`)
  return { os, architecture, variant }
}

export const platformText = ({ os, architecture, variant }: Platform): string =>
  [os, architecture, ...(variant === '' ? [] : [variant])].join('/')

/** Whether an image for the one runs where the other is asked for. What is left empty fits. */
export function fits(platform: Platform, wanted: Platform): boolean {
  const same = (one: string, other: string): boolean => one === '' || one === other
  return same(platform.os, wanted.os) && same(platform.architecture, wanted.architecture) &&
    (wanted.variant === '' || same(platform.variant, wanted.variant))
}

/** What is attached to an image, and is none: what BuildKit writes of how it was built. */
export const isAttestation = ({ annotations, platform }: Descriptor): boolean =>
  annotations['vnd.docker.reference.type'] !== undefined || (platform?.os === 'unknown' && platform.architecture === 'unknown')

const imageTypes = /^application\/vnd\.(?:oci\.image\.(?:manifest|index)|docker\.distribution\.manifest(?:\.list)?)\.v\d\+json$/

/** The entries of an index that may be the image for a platform, those that say so first. An entry without a platform may be. */
export function candidates({ manifests }: Index, wanted: Platform): readonly Descriptor[] {
  const images = manifests.filter((entry) => !isAttestation(entry) && (entry.mediaType === '' || imageTypes.test(entry.mediaType)))
  const told = images.filter(({ platform }) => platform && fits(platform, wanted))
  // Without a variant asked for, what has none comes first, then the newest.
  const sorted = told.toSorted((one, other) => rank(one).localeCompare(rank(other)))
  return [...sorted, ...images.filter(({ platform }) => !platform)]
}

const rank = (
  { platform }: Descriptor,
): string => (platform?.variant === '' ? '0' : String(99 - Number(platform?.variant.replace(/\D/g, '') ?? 0)).padStart(3, '1'))

/** The platforms of an index, for a message. */
export const platformsOf = ({ manifests }: Index): string =>
  [...new Set(manifests.filter((entry) => !isAttestation(entry)).flatMap(({ platform }) => (platform ? [platformText(platform)] : [])))]
    .join(', ')
