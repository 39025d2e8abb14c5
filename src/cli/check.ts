/** `paddock check`: manifests → findings, fixes and files mended in place. */
import { annotatedPython, pythonOf } from '../dependencies/annotation.ts'
import { jsonPatch } from '../edit.ts'
import { fix } from '../fix.ts'
import { describe, fieldPath, type Path } from '../kubernetes/field.ts'
import type { Operation } from '../kubernetes/review.ts'
import { listItems, readWorkload, type Workload } from '../kubernetes/workload.ts'
import { lint, type Finding } from '../lint.ts'
import type { Policy } from '../policy/policy.ts'
import type { Python } from '../rules/rule.ts'
import type { Change } from './edit.ts'
import { readManifests, type Manifest } from './manifests.ts'

/** A finding with its place in a file. */
export interface PlacedFinding {
  readonly finding: Finding
  readonly line: number
  readonly column: number
  /** How many characters of its line it takes. */
  readonly width: number
  /** True where the fix is made, or would be with `--fix`. */
  readonly fixed: boolean
}

export interface CheckedWorkload {
  readonly document: number
  readonly line: number
  readonly workload: Workload
  readonly invocations: number
  readonly decision: 'Allow' | 'Deny'
  readonly findings: readonly PlacedFinding[]
  /** The JSON Patch that the webhook would answer; worked out when it is asked for. */
  readonly patch: () => readonly Operation[]
}

/** A document, or a part of one, that could not be read. */
export interface Unreadable {
  readonly line: number
  readonly column: number
  readonly message: string
}

/** What a file holds, one thing at a time. */
export type Checked = { readonly workload: CheckedWorkload } | { readonly unreadable: Unreadable }

export interface CheckOptions {
  readonly policy: Policy
  /** A requirements.txt that speaks for every workload without an annotation of its own. */
  readonly requirements?: { readonly text: string; readonly path: string } | undefined
}

/** Checks the text of a file. What is to be edited is handed to `edit`. */
export function* checkText(text: string, options: CheckOptions, edit: (edit: Change) => void): Generator<Checked> {
  for (const manifest of readManifests(text)) {
    if (manifest.error) yield { unreadable: manifest.error }
    else
      for (const { item, path } of itemsOf(manifest.value)) {
        const workload = readWorkload(item)
        if (workload) yield* checkWorkload(manifest, item, path, workload, options, edit)
      }
  }
}

/** The objects of a document: itself, or the items of a list, lists within lists too. */
function* itemsOf(value: unknown, path: Path = []): Generator<{ item: unknown; path: Path }> {
  const items = listItems(value)
  if (!items) yield { item: value, path }
  else for (const inner of items) yield* itemsOf(inner.item, [...path, ...inner.path])
}

function* checkWorkload(manifest: Manifest, object: unknown, at: Path, workload: Workload, options: CheckOptions, edit: (edit: Change) => void): Generator<Checked> {
  for (const error of workload.errors) {
    const place = manifest.locate([...at, ...error.path])
    const message = `${fieldPath(error.path)}: ${describe(error.shape, error.value, error.detail)}`
    yield { unreadable: { line: place?.line ?? manifest.line, column: place?.column ?? 1, message } }
  }
  const python = pythonFor(workload, options)
  const report = lint(workload, options.policy, python)
  const { rounds, findings, mended } = fix(object, report, options.policy, python)
  if (rounds.length > 0) edit({ document: manifest.index, edits: rounds.flat().map((one) => ({ ...one, path: [...at, ...one.path] })) })
  yield {
    workload: {
      document: manifest.index,
      line: at.length === 0 ? manifest.line : (manifest.locate(at)?.line ?? manifest.line),
      workload,
      invocations: report.invocations.length,
      decision: findings.some((finding) => finding.action === 'Deny') ? 'Deny' : 'Allow',
      findings: findings.map((finding) => ({ finding, ...placeOf(manifest, at, finding), fixed: mended.has(finding) })),
      patch: () => jsonPatch(object, rounds),
    },
  }
}

function pythonFor(workload: Workload, { requirements }: CheckOptions): Python {
  if (!requirements || workload.annotations.has('paddock.dev/requirements')) return annotatedPython(workload)
  return pythonOf(requirements.text, requirements.path, annotatedPython(workload).version)
}

/** Where a finding stands; for what stands nowhere, the nearest thing that holds it. */
function placeOf(manifest: Manifest, at: Path, { place }: Finding): { line: number; column: number; width: number } {
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
  return { line: manifest.line, column: 1, width: 1 }
}
