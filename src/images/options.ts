/** The flags by which the programs of a cluster are told how images are looked into. */
export interface ImageOptions {
  /** `linux/amd64` */
  readonly platform: string
  /** A file with authorities that are trusted besides the usual ones. */
  readonly registryCa: string | undefined
  /** `HOST:PORT` of registries that may be without TLS, or with a certificate that nobody vouches for. */
  readonly insecure: readonly string[]
}

/** What images call what Node calls otherwise. */
const architectures: Readonly<Record<string, string>> = { x64: 'amd64', arm: 'arm', ia32: '386' }

/** For `parseArgs`. */
export const imageFlags = {
  images: { type: 'boolean', default: false },
  'image-platform': { type: 'string', default: `linux/${architectures[process.arch] ?? process.arch}` },
  'registry-ca': { type: 'string' },
  'insecure-registry': { type: 'string', multiple: true, default: [] as string[] },
} as const

interface Values {
  readonly images: boolean
  readonly 'image-platform': string
  readonly 'registry-ca'?: string | undefined
  readonly 'insecure-registry': readonly string[]
}

/** Undefined where images may not be looked into. */
export const imageOptions = (values: Values): ImageOptions | undefined =>
  values.images ? { platform: values['image-platform'], registryCa: values['registry-ca'], insecure: values['insecure-registry'] }
    : undefined
