/** What is known of an image, as JSON: the contract of `paddock image --format json`. */
import { configured } from '../gunicorn/config-file.ts'
import { newestRelease, releasesFor } from '../gunicorn/catalogue.ts'
import type { Value } from '../gunicorn/catalogue/release-file.ts'
import { readModule } from '../python/module.ts'
import type { ImageEvidence } from '../dependencies/image/evidence.ts'
import type { Look } from '../dependencies/image/look.ts'
import { platformText, type Platform } from '../oci/manifest.ts'
import type { StoredImage } from '../oci/store.ts'
import { explainInvocation, explainProcess } from './explain.ts'

export interface ImageReport {
  readonly apiVersion: 'paddock.dev/v1alpha1'
  readonly kind: 'ImageReport'
  readonly image: string
  readonly digest: string
  readonly platform: string
  readonly python: { readonly version: string; readonly evidence: string } | null
  readonly gunicorn: { readonly version: string; readonly evidence: string } | null
  readonly distributions: readonly { readonly name: string; readonly version: string; readonly evidence: string;
    readonly onPath: boolean | null }[]
  readonly command: { readonly entrypoint: readonly string[]; readonly cmd: readonly string[];
    readonly env: Readonly<Record<string, string>>; readonly workingDir: string; readonly user: string }
  readonly configFile: { readonly path: string; readonly settings: Readonly<Record<string, Value>> } | null
  readonly invocations: readonly object[]
  readonly complete: boolean
  readonly read: Look['read']
  readonly problems: readonly { readonly message: string }[]
}

export function imageReport(name: string, wanted: Platform, { digest, config }: StoredImage, look: Look,
  evidence: ImageEvidence): ImageReport {
  const { entrypoint, cmd, env, workingDir, user, platform } = config
  const { python, gunicorn, distributions, starts, complete, problems } = evidence
  return {
    apiVersion: 'paddock.dev/v1alpha1',
    kind: 'ImageReport',
    image: name,
    digest,
    platform: platformText(platform.os === '' ? wanted : platform),
    python: python && { version: python.version, evidence: python.evidence },
    gunicorn,
    distributions: distributions.map((one) => ({ name: one.name, version: one.version, evidence: one.evidence, onPath: one.onPath })),
    command: { entrypoint, cmd, env, workingDir, user },
    configFile: configFileOf(look, evidence),
    invocations: starts.map(({ found }) => ({ ...explainInvocation(found, gunicorn?.version ?? null), ...explainProcess(found) })),
    complete,
    read: look.read,
    problems: problems.map((message) => ({ message })),
  }
}

/** The file that the first gunicorn reads; where the command starts none, the one that a bare `gunicorn` would. */
function configFileOf({ inside: { files } }: Look, { starts: [start], command, gunicorn }: ImageEvidence): ImageReport['configFile'] {
  const named = start?.found.settings.value('config') ?? './gunicorn.conf.py'
  if (typeof named !== 'string' || named.startsWith('python:')) return null
  const own = named.replace(/^file:/, '').replace(/^\.\//, '')
  const path = own.startsWith('/') ? own : `${command.folder.replace(/\/$/, '')}/${own}`
  const text = files.text(path)
  if (text == null) return null
  const module = readModule(text, '__config__', (name) => (start ? start.found.variables(name) : command.env[name]))
  if ('refused' in module) return { path, settings: {} }
  const release = releasesFor(gunicorn?.version).at(-1) ?? newestRelease
  return { path, settings: Object.fromEntries(
    [...configured(module, release)].flatMap(({ name, value, isUnsure }) => (value === undefined || isUnsure ? [] : [[name, value]])),
  ) }
}
