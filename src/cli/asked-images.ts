/** Images, where a command is asked to look into them. What does so is loaded then: it takes long. */
import type { ImageLookUps } from './image-look-ups.ts'
import type { RegistryFlags } from './images.ts'
import type { Io } from './io.ts'

export interface AskedImages extends Omit<RegistryFlags, 'platform'> {
  /** Whether images are looked into. */
  readonly images?: boolean
  /** Whether nothing is asked of a network. */
  readonly offline?: boolean
  /** `--platform` may name another platform: this is that of images. */
  readonly imagePlatform?: string
}

/** Undefined where that is not asked for, or not allowed. */
export async function imageLookUps({ images: isAsked = false, offline = false, imagePlatform, ...flags }: AskedImages,
  io: Io): Promise<ImageLookUps | undefined> {
  if (!isAsked || offline) return undefined
  const [{ ImageLookUps: LookUps }, { Images }] = [await import('./image-look-ups.ts'), await import('./images.ts')]
  const { registryConfig, registryCa, insecureRegistry } = flags
  return new LookUps(
    new Images({ ...(imagePlatform === undefined ? {} : { platform: imagePlatform }),
      ...(registryConfig === undefined ? {} : { registryConfig }), ...(registryCa === undefined ? {} : { registryCa }),
      ...(insecureRegistry ? { insecureRegistry } : {}) }, io),
    () => {},
  )
}
