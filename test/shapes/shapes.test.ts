/**
 * Start commands as people write them: how `explain` pictures each, what is found, and what it is fixed to or why it is not.
 * UPDATE=1 writes anew what is expected.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from '@jest/globals'
import { isMap, isSeq, parse, parseDocument, type Document } from 'yaml'
import { picture, unreadLine } from '../../src/cli/picture.ts'
import { applyEdits } from '../../src/edit.ts'
import { inspectWorkload } from '../../src/inspect.ts'
import { readWorkload, type Workload } from '../../src/kubernetes/workload.ts'
import { judge } from '../../src/judge.ts'
import type { Finding } from '../../src/finding.ts'
import { override } from '../../src/policy/policy.ts'
import { preset } from '../../src/policy/presets.ts'

interface Shape {
  /** The number in the list of shapes. */
  readonly shape: number
  readonly name: string
  readonly sh?: string
  readonly command?: readonly string[]
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly explained?: string
  readonly findings?: readonly string[]
  /** The container's fields that the fix changes, as it leaves them. */
  readonly fixed?: Readonly<Record<string, unknown>>
}

const file = join(import.meta.dirname, 'shapes.yaml')
const text = readFileSync(file, 'utf8')
const shapes = parse(text) as Shape[]
/** Two of the platform's defaults are enough to see where and how they are put in. */
const policy = override(preset('blueking')!, 'shapes', { defaults: { accesslog: null, errorlog: null, access_log_format: null },
  rules: { 'heartbeat-on-disk': 'Off' } })

interface Pod {
  readonly spec: { readonly containers: readonly [Readonly<Record<string, unknown>>] }
}

function podOf({ sh, command, args, env }: Shape): object {
  const list = sh === undefined ? command : ['sh', '-c', sh]
  const variables = env && Object.entries(env).map(([name, value]) => ({ name, value }))
  const container = { name: 'web', image: 'shop', ...(list ? { command: list } : {}), ...(args ? { args } : {}),
    ...(variables ? { env: variables } : {}) }
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'shop' }, spec: { containers: [container] } }
}

function workloadOf(object: object): Workload {
  const workload = readWorkload(object)
  if (!workload) throw new Error('a Pod was not read')
  return workload
}

/** What comes of a shape: as it is written down, and the object that the fix leaves. */
function outcome(one: Shape): { explained: string; findings: string[]; fixed: Record<string, unknown> | undefined; object: object } {
  const object = podOf(one)
  const { findings, fixed } = mend(object)
  const view = { all: false, paint: (_: unknown, plain: string) => plain }
  const pictures = inspectWorkload(workloadOf(object)).flatMap(({ invocations, errors, unread }) => [
    ...errors.map(({ message }) => `script: ${message}\n`),
    ...unread.map(unreadLine),
    ...invocations.map((invocation) => picture(invocation, view)),
  ])
  const [before, after] = [object, fixed].map((pod) => (pod as Pod).spec.containers[0])
  const changed = Object.keys(after!).filter((key) => JSON.stringify(after![key]) !== JSON.stringify(before![key]))
  return {
    explained: pictures.length === 0 ? 'no gunicorn is seen to be started\n' : pictures.join(''),
    findings: findings.map(lineOf),
    fixed: changed.length === 0 ? undefined : Object.fromEntries(changed.map((key) => [key, after![key]])),
    object: fixed,
  }
}

/** A finding in one line: what is done, what is found, and why a fix is not made. */
const lineOf = (finding: Finding): string => {
  const insertion = finding.invocation?.insertion
  const reason = finding.action !== 'Fix' && insertion?.kind === 'none' ? ` (${insertion.reason})` : ''
  return `${finding.action}: ${finding.message.replace('spec.containers[0].', '')}${reason}`
}

function mend(object: object): { findings: readonly Finding[]; fixed: object } {
  const { rounds, findings } = judge({ object, workload: workloadOf(object), policy })
  return { findings, fixed: rounds.reduce<object>((left, edits) => applyEdits(left, edits) as object, object) }
}

/** The file with what comes out in the place of what is expected, comments and layout kept. */
function rewritten(): string {
  const document: Document = parseDocument(text)
  if (!isSeq(document.contents)) throw new Error('the shapes are no list')
  for (const [index, node] of document.contents.items.entries()) {
    const one = shapes[index]
    if (!isMap(node) || !one) continue
    const { explained, findings, fixed } = outcome(one)
    node.flow = false
    node.set('explained', document.createNode(explained))
    const set = (key: string, value: unknown): void => {
      if (value === undefined) node.delete(key)
      else node.set(key, document.createNode(value))
    }
    set('findings', findings.length === 0 ? undefined : findings)
    set('fixed', fixed)
    const lists = node.get('fixed')
    if (isMap(lists)) { for (const { value } of lists.items) if (isSeq(value) && !JSON.stringify(value).includes('\\n')) value.flow = true }
  }
  return document.toString({ lineWidth: 0, singleQuote: true, flowCollectionPadding: false })
}

if (process.env['UPDATE'] === '1') afterAll(() => writeFileSync(file, rewritten()))

describe('the shapes of start commands', () => {
  test.each(shapes.map((one) => [`${one.shape}. ${one.name}`, one] as const))('%s', (_, one) => {
    const { explained, findings, fixed, object } = outcome(one)
    if (process.env['UPDATE'] !== '1')
      expect({ explained, findings, fixed }).toEqual({ explained: one.explained, findings: one.findings ?? [], fixed: one.fixed })
    const again = mend(object)
    expect(again.fixed).toEqual(object)
    expect(again.findings.filter((finding) => finding.action === 'Fix').map(({ message }) => message)).toEqual([])
  })

  test('all 77 are here, each under its own name', () => {
    expect([...new Set(shapes.map(({ shape }) => shape))]).toEqual(Array.from({ length: 77 }, (_, index) => index + 1))
    expect(new Set(shapes.map(({ shape, name }) => `${shape} ${name}`)).size).toBe(shapes.length)
  })
})
