/** What of an image's evidence rules ask for, as data: small enough to be kept for many images, and to be handed from process to process. */
import { askedDistributions } from '../../gunicorn/worker-classes.ts'
import { normalise } from '../../python/distribution.ts'
import { absolute, type ImageStart } from '../../inspect.ts'
import { commandOf, type ImageEvidence, type Inside, type Installation } from './evidence.ts'

export interface ImageSummary {
  /** Of the image's manifest. */
  readonly digest: string
  /** The version of the Python that runs gunicorn; null where that is not known. */
  readonly python: string | null
  /** By its normalised name, what is known of each distribution that rules ask for. */
  readonly distributions: Readonly<
    Record<string, { readonly state: Installation['state']; readonly version?: string; readonly evidence: string }>
  >
  /** What is on sys.path. */
  readonly folders: readonly string[]
  /** What starts gunicorn in it; undefined where nothing is seen to, and where that takes too many words. */
  readonly start?: SummaryStart
}

/** What the image says of its own command, and the scripts and config files that were read of it. */
export interface SummaryStart {
  readonly entrypoint: readonly string[]
  readonly cmd: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly folder: string
  /** The path of the script that the first word of the command is found at, where it is one that PATH leads to. */
  readonly located?: readonly [word: string, path: string]
  /** By absolute path: null for what is not had, false for what there is none of. */
  readonly texts: readonly (readonly [path: string, text: string | null | false])[]
}

/** Characters of scripts, config files and variables of an image that are kept. */
const longestStart = 48 * 1024

/** What is kept in the cluster is of this shape: another one is passed over. */
export const summaryVersion = 1

/** What was kept; undefined for what is of another shape, or of another image. */
export function summaryIn(text: string, digest: string): ImageSummary | undefined {
  try {
    const { version, ...summary } = JSON.parse(text) as ImageSummary & { readonly version: unknown }
    return version === summaryVersion && summary.digest === digest ? summary : undefined
  } catch {
    return undefined
  }
}

/** What rules see of an image. */
export interface SeenEvidence extends Pick<ImageEvidence, 'installed' | 'folders'> {
  readonly python: Pick<NonNullable<ImageEvidence['python']>, 'version'> | null
}

export function summaryOf(digest: string, config: Inside['config'], evidence: ImageEvidence): ImageSummary {
  const { python, installed, folders } = evidence
  const start = startOf(config, evidence)
  return {
    ...(start ? { start } : {}),
    digest,
    python: python?.version ?? null,
    distributions: Object.fromEntries(askedDistributions.map((name) => {
      const { state, version, evidence } = installed(name)
      return [normalise(name), { state, ...(version === undefined ? {} : { version }), evidence }]
    })),
    folders,
  }
}

function startOf(config: Inside['config'], { starts, argv, command, texts }: ImageEvidence): SummaryStart | undefined {
  if (starts.length === 0) return undefined
  const [word, path] = [command.argv[0], argv[0]]
  const start: SummaryStart = {
    entrypoint: config.entrypoint,
    cmd: config.cmd,
    env: config.env,
    folder: commandOf(config).folder,
    ...(word !== undefined && path !== undefined && word !== path ? { located: [word, path] } : {}),
    texts: [...texts],
  }
  return JSON.stringify(start).length > longestStart ? undefined : start
}

/** What a container of the image starts, for who looks for gunicorn in it. */
export function imageStart(name: string, { start }: ImageSummary): ImageStart | undefined {
  if (!start) return undefined
  const texts = new Map(start.texts.map(([path, text]) => [absolute(path), text]))
  return {
    ...start,
    name: `image ${JSON.stringify(name)}`,
    // What was not read may be there.
    text(path) {
      const text = texts.get(absolute(path))
      return text === false ? undefined : (text ?? null)
    },
  }
}

/** The same again, as rules see it. */
export function evidenceOf({ python, distributions, folders }: ImageSummary): SeenEvidence {
  return {
    python: python === null ? null : { version: python },
    folders,
    installed(distribution) {
      const name = normalise(distribution)
      const found = Object.hasOwn(distributions, name) ? distributions[name] : undefined
      return found ? { state: found.state, version: found.version, evidence: found.evidence }
        : { state: 'Unknown', version: undefined, evidence: 'nobody has asked it' }
    },
  }
}
