/** `paddock image`: what is in an image. */
import { lookInto } from '../dependencies/image/look.ts'
import { ImageError } from '../oci/image-error.ts'
import { exitStatus, UsageError } from './exit.ts'
import { imageReport } from './image-report.ts'
import { imageText } from './image-text.ts'
import { Images, type RegistryFlags } from './images.ts'
import { jsonText, painter, type Io } from './io.ts'
import { byteProgress } from './progress.ts'

export interface ImageFlags extends RegistryFlags {
  readonly format: 'text' | 'json'
}

export async function runImage(name: string, flags: ImageFlags, io: Io): Promise<number> {
  const bar = byteProgress(io)
  try {
    const images = new Images(flags, io)
    const image = await images.open(name)
    const look = await lookInto(image, (bytes, of) => bar.step(bytes, of))
    const evidence = await look.evidence()
    bar.end()
    const report = imageReport(name, images.wanted.platform, image, look, evidence)
    io.stdout.write(flags.format === 'json' ? `${jsonText(report, 2)}\n` : imageText(report, evidence, painter(io.stdout, io.env)))
    const [unread] = look.inside.unread
    if (unread === undefined) return exitStatus.ok
    io.stderr.write(`paddock: ${name}: ${unread}\n`)
    return exitStatus.unreadable
  } catch (error) {
    if (error instanceof ImageError) throw new UsageError(`${name}: ${error.message}`)
    throw error
  } finally {
    bar.end()
  }
}
