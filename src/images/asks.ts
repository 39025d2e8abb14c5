/** What is asked of images for a workload, and what is made of the answers. Pure. */
import { annotatedPython } from '../dependencies/annotation.ts'
import { gunicornContainers, hiddenBy, imageOf, imageStarts, startOf, type ContainerStart } from '../dependencies/image/containers.ts'
import { pythonOfImages, type Seen } from '../dependencies/image/python.ts'
import { evidenceOf, type ImageSummary } from '../dependencies/image/summary.ts'
import type { PullSecrets } from '../cluster/pull-secrets.ts'
import { mayStart, type Surroundings } from '../inspect.ts'
import { valueAt, type Workload } from '../kubernetes/workload.ts'
import type { Python } from '../python/known.ts'

/** What is asked of the image of a container. Data: it goes from thread to thread. */
export interface ImageAsk {
  readonly container: string
  readonly image: string
  readonly start: ContainerStart
  /** True where the object itself starts gunicorn, or may. */
  readonly isNamed: boolean
  readonly secrets: PullSecrets
}

/** What is known of it; a string tells why it is nothing. */
export type ImageAnswer = ImageSummary | string

/** What is known of the image of a container, by its name and the image's; undefined where nobody has asked. */
export type KnownImages = (container: string, image: string) => ImageAnswer | undefined

/** What is asked of the images of a workload. @param namespace that of the request, which the object may leave out */
export function asksOf(workload: Workload, namespace: string): readonly ImageAsk[] {
  const spec = workload.pod?.spec
  const account = valueAt(spec, ['serviceAccountName'])
  const names = valueAt(spec, ['imagePullSecrets'])
  const secrets: PullSecrets = { namespace, serviceAccount: typeof account === 'string' ? account : '',
    names: (Array.isArray(names) ? (names as unknown[]) : []).flatMap((one) => {
      const name = valueAt(one, ['name'])
      return typeof name === 'string' && name !== '' ? [name] : []
    }) }
  return gunicornContainers(workload).flatMap((container): ImageAsk[] => {
    const image = imageOf(container)
    return image === undefined ? []
      : [{ container: container.name, image, start: startOf(container), isNamed: mayStart(container), secrets }]
  })
}

/** What is known of images, as rules see it. */
export const surroundingsOf = (known: KnownImages): Surroundings => ({
  images: imageStarts((container, image) => {
    const answer = known(container.name, image)
    return typeof answer === 'string' ? undefined : answer
  }),
})

/** The Python of a workload, by what its images are known to hold. @param known for a container, by its name, and its image */
export function pythonOf(workload: Workload, known: KnownImages): Python {
  const seen = gunicornContainers(workload).flatMap((container): Seen[] => {
    const name = imageOf(container)
    if (name === undefined) return []
    const answer = known(container.name, name) ?? 'it is not looked into'
    if (typeof answer === 'string') return [{ name, evidence: answer }]
    return [{ name, evidence: evidenceOf(answer), hiddenBy: hiddenBy(container, answer.folders) }]
  })
  return pythonOfImages(seen, annotatedPython(workload))
}
