/** `paddock image`: what is in an image. */
import { lookInto } from '../dependencies/image/look.ts'
import { ImageError } from '../oci/image-error.ts'
import { readPlatform } from '../oci/manifest.ts'
import { openImage } from '../oci/open.ts'
import { readReference } from '../oci/reference.ts'
import { exitStatus, UsageError } from './exit.ts'
import { imageReport } from './image-report.ts'
import { imageText } from './image-text.ts'
import { jsonText, painter, type Io } from './io.ts'
import { byteProgress } from './progress.ts'

export interface ImageFlags {
  readonly platform?: string
  readonly format: 'text' | 'json'
}

export async function runImage(name: string, flags: ImageFlags, io: Io): Promise<number> {
  const bar = byteProgress(io)
  try {
    const wanted = { platform: readPlatform(flags.platform ?? 'linux/amd64'), isFirm: flags.platform !== undefined }
    const image = await openImage(readReference(name), wanted, { openFile: io.openFile })
    const look = await lookInto(image, (bytes, of) => bar.step(bytes, of))
    const evidence = await look.evidence()
    bar.end()
    const report = imageReport(name, wanted.platform, image, look, evidence)
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
