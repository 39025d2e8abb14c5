/** `paddock check`: manifests → findings, fixes and files mended in place. */
import { annotatedPython, pythonOfFile } from '../dependencies/annotation.ts'
import { inRounds } from '../edit.ts'
import type { Surroundings } from '../inspect.ts'
import { fieldMessage, type Path } from '../kubernetes/field.ts'
import { isApiObject, kindName, meantKind, speaksOfGunicorn } from '../kubernetes/foreign-kinds.ts'
import { readObjects, readWorkloads, type Workload } from '../kubernetes/workload.ts'
import { decisionOn, judge } from '../judge.ts'
import type { Finding } from '../finding.ts'
import { governed, type PolicyFor } from '../policy/governed.ts'
import { nothing } from '../policy/policy.ts'
import type { Python } from '../python/known.ts'
import type { DocumentEdits } from '../yaml/edit-manifests.ts'
import type { Position } from '../yaml/lines.ts'
import { readManifests, type Manifest } from '../yaml/manifests.ts'
import type { ConfigPlaces } from './config-files.ts'
import type { ReportedFinding, ReportedWorkload, Span, Unreadable } from './reports/report.ts'

/** What a file holds, one thing at a time. */
export type Checked = ({ readonly workload: ReportedWorkload } | { readonly unreadable: Unreadable }) & {
  /** The file that it stands in, where that is another one. */
  readonly file?: { readonly name: string;
    readonly text: string; /** True where the name is not to be taken from the folder of the file that was read. */
    readonly isFound?: boolean }
  /** True where it is no workload of its own, but more of one that has been told of, or its file. */
  readonly isPart?: boolean
}

export interface CheckOptions {
  readonly policyFor: PolicyFor
  /** A requirements.txt that speaks for every workload without an annotation of its own. */
  readonly requirements?: { readonly text: string; readonly path: string } | undefined
  readonly surroundings?: Surroundings | undefined
  /** What the images of a workload tell, before what is written of them. */
  readonly imagePython?: ((workload: Workload, written: Python) => Python) | undefined
  /** What those images start. */
  readonly imageStarts?: (() => NonNullable<Surroundings['images']>) | undefined
  /** Finds what findings about config files are about. */
  readonly configPlaces?: ConfigPlaces | undefined
  /** Takes what a document of a file is, beside its workloads. */
  readonly document?: ((document: DocumentRead) => void) | undefined
}

/** What a file holds, one object at a time. */
export interface DocumentRead {
  /** True for an object of the API, whatever its kind. */
  readonly isObject: boolean
  /** What is to be said of it, where it is looked at by its shape, or not at all and speaks of gunicorn. */
  readonly remark?: string
  /** True where it is not looked at, and speaks of gunicorn. */
  readonly isLeft: boolean
  readonly line: number
}

/** Checks the text of a file. What is to be edited is handed to `edit`. */
export function* checkText(text: string, options: CheckOptions, edit: (edit: DocumentEdits) => void): Generator<Checked> {
  for (const manifest of readManifests(text)) {
    if (manifest.error) yield { unreadable: { message: manifest.error.message, span: spanAt(manifest.error) } }
    else
      for (const { item, path, isFilled = false } of readObjects(manifest.value)) {
        const workloads = readWorkloads(item)
        options.document?.(documentRead(item, workloads, lineOf(manifest, path)))
        for (const workload of workloads) yield* checkWorkload(manifest, item, path, workload, isFilled, options, edit)
      }
  }
}

const lineOf = (manifest: Manifest, at: Path): number => (at.length === 0 ? manifest.line : (manifest.locate(at)?.line ?? manifest.line))

function documentRead(item: unknown, workloads: readonly Workload[], line: number): DocumentRead {
  const isObject = isApiObject(item)
  const isForeign = workloads.some(({ kind }) => kind.isForeign)
  const isLeft = workloads.length === 0 && speaksOfGunicorn(item)
  if (!isForeign && !isLeft) return { isObject, isLeft, line }
  const meant = isObject ? meantKind(item.apiVersion, item.kind) : undefined
  const question = meant === undefined ? '' : `: did you mean ${meant}?`
  const what = isObject ? `${kindName(item)} is a kind that Paddock does not know` : 'this is no object of Kubernetes'
  const done = isForeign ? ', and its pod template is looked at by its shape' : ', and it mentions gunicorn: it is not looked at'
  return { isObject, isLeft, line, remark: `${what}${done}${question}` }
}

function* checkWorkload(manifest: Manifest, object: unknown, at: Path, workload: Workload, isFilled: boolean, options: CheckOptions,
  edit: (edit: DocumentEdits) => void): Generator<Checked> {
  const { errors } = workload
  for (const error of errors) {
    const place = manifest.locate([...at, ...error.path])
    const span = spanAt({ line: place?.line ?? manifest.line, column: place?.column ?? 1 })
    yield { unreadable: { message: fieldMessage(error.path, error.shape, error.value, error.detail), span, workload } }
  }
  const written = pythonFor(workload, options)
  const python = options.imagePython?.(workload, written) ?? written
  const policy = options.policyFor(governed(object)) ?? nothing
  // What cannot be read in part is left as it is; so is what is of an unknown kind, or was filled in.
  const isFixed = errors.length > 0 || isFilled || workload.kind.isForeign === true
  const verdict = judge({ object, workload, policy, python, surroundings: surroundingsOf(options), isFixed })
  const { rounds, findings, mended, invocations, decision } = verdict
  if (rounds.length > 0) edit({ document: manifest.index, edits: inRounds(rounds).map((one) => ({ ...one, path: [...at, ...one.path] })) })
  yield* placed({
    workload: {
      document: manifest.index,
      line: lineOf(manifest, at),
      workload,
      invocations,
      decision,
      findings: findings.map((finding) => ({ finding, span: spanOf(manifest, at, finding), fixable: mended.has(finding), fixed: false })),
      patch: () => verdict.patch(),
    },
  }, options.configPlaces)
}

/** What was found in a file, with what is about lines of other files told there. */
export function* placed(checked: Checked & { readonly workload: ReportedWorkload }, places: ConfigPlaces | undefined): Generator<Checked> {
  const { workload } = checked
  const elsewhere = new Map<string, { readonly text: string; readonly findings: ReportedFinding[] }>()
  const findings = workload.findings.filter((reported) => {
    const { origin, line } = reported.finding.configLine ?? {}
    const place = origin === undefined || line === undefined ? undefined : places?.(origin, line)
    if (!place) return true
    const those = elsewhere.get(place.name) ?? { text: place.text, findings: [] }
    elsewhere.set(place.name, those)
    those.findings.push({ ...reported, span: place.span })
    return false
  })
  yield elsewhere.size === 0 ? checked : { ...checked, workload: { ...workload, findings } }
  for (const [name, { text, findings: own }] of elsewhere)
    yield { isPart: true, file: { name, text, isFound: true },
      workload: { ...workload, invocations: 0, line: own[0]?.span?.line, findings: own,
        decision: decisionOn(own.map(({ finding }) => finding)), patch: () => [] } }
}

const surroundingsOf = ({ surroundings, imageStarts }: CheckOptions): Surroundings | undefined =>
  imageStarts ? { ...surroundings, images: imageStarts() } : surroundings

function pythonFor(workload: Workload, { requirements }: CheckOptions): Python {
  if (!requirements || workload.annotations.has('paddock.dev/requirements')) return annotatedPython(workload)
  return pythonOfFile(requirements.text, requirements.path, annotatedPython(workload).version)
}

/** Where a finding stands; for what stands nowhere, the nearest thing that holds it. */
function spanOf(manifest: Manifest, at: Path, { place }: Finding): Span {
  const path = [...at, ...place.path]
  if (place.start !== undefined) {
    const start = manifest.sourceOffset(path, place.start)
    const end = place.end === undefined ? undefined : manifest.sourceOffset(path, place.end)
    if (start !== undefined) return { ...manifest.position(start), width: Math.max(1, (end ?? start + 1) - start) }
  }
  for (let length = path.length; length > at.length; length--) {
    const found = manifest.locate(path.slice(0, length))
    if (found) return { line: found.line, column: found.column, width: Math.max(1, found.end - found.start) }
  }
  return spanAt({ line: manifest.line, column: 1 })
}

const spanAt = ({ line, column }: Position): Span => ({ line, column, width: 1 })
