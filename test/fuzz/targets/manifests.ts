/** Files of manifests: several documents, in every style of YAML, read, mended and read again. */
import { isDeepStrictEqual } from 'node:util'
import { applyPatch, type Operation } from 'rfc6902'
import { parseAllDocuments } from 'yaml'
import { checkText } from '../../../src/cli/check.ts'
import { editManifests, type DocumentEdits } from '../../../src/yaml/edit-manifests.ts'
import { readManifests } from '../../../src/yaml/manifests.ts'
import { readObjects, readWorkloads } from '../../../src/kubernetes/workload.ts'
import type { Random } from '../../conformance/random.ts'
import { checked, fileLaws } from '../file-laws.ts'
import { malformed, workload } from '../objects.ts'
import { governing } from '../policies.ts'
import { fieldsOf, textOf, type Broken, type Json, type Target } from '../target.ts'
import { mutated } from '../texts.ts'
import { yamlOf } from '../yaml-text.ts'

/** Manifests in which parts stand for one another; `@` is a list of words. */
const shared: readonly string[] = [
  'apiVersion: v1\nkind: Pod\nmetadata: &m {name: a}\nspec:\n  containers:\n  - &c\n    name: web\n    command: @\n  - <<: *c\n    name: api\n',
  'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec:\n  template:\n    spec:\n      containers:\n      - name: web\n        command: &w @ # note\n      - name: api\n        command: *w\n',
  'x-env: &e\n- {name: A, value: b}\napiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n  - {name: web, command: @, env: *e}\n  - name: api\n    env: *e\n    command: @\n',
  'apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata: {name: a} # one\n  spec: {containers: [{name: web, command: @}]}\n- apiVersion: v1\n  kind: Pod\n  metadata:\n    name: b\n  spec:\n    containers:\n      # two\n      - command: @\n        name: web\n',
  '%YAML 1.1\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n  - name: web\n    args: @\n    command:\n    - sh\n    - -c\n    - |\n      # start\n      exec gunicorn app:app \\\n        -w 2\n...\n',
  'apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n  - name: web\n    command: [sh, -c, "exec \\\n      gunicorn app:app\\\n      -w 2"]\n    env: @\n  - name: b\n    command:\n    - sh\n    - -c\n    - >-\n      gunicorn app:app\n      -w 2\n\n      -b :80\n',
]

const lists: readonly string[] = ['[gunicorn, app:app]', '[gunicorn, "app:app", -w, "2",]', '\n    - gunicorn\n    - app:app # last',
  "[sh, -c, 'gunicorn app:app']", '[]', 'null', '[ # a\n    gunicorn,\n    app:app\n    ]', '["gunicorn", "--workers 4", "app:app"]']

function manifest(random: Random): string {
  const kind = random.next()
  if (kind < 0.55) return yamlOf(random, random.chance(0.85) ? workload(random) : malformed(random, workload(random)))
  if (kind < 0.65) return `${JSON.stringify(workload(random), null, random.pick([0, 2, 2]))}\n`
  if (kind < 0.8) return random.pick(shared).replaceAll('@', () => random.pick(lists))
  if (kind < 0.9)
    return yamlOf(random, { apiVersion: 'v1', kind: 'List',
      items: [workload(random), { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x' }, data: { a: 'b\nc' } }, workload(random)] })
  return random.pick(['# nothing\n', 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata:\n  a: |\n    gunicorn  \n\n', 'a: [1,\n',
    'a: b\n c: d\n', '"', '{{ .Values.x }}\n', '\n'])
}

function file(random: Random): string {
  const parts = Array.from({ length: random.pick([1, 1, 2, 3]) }, () => manifest(random))
  const text = (random.chance(0.3) ? '---\n' : '') +
    parts.map((part) => (part.endsWith('\n') ? part : `${part}\n`)).join(random.pick(['---\n', '--- # next\n', '---\n\n']))
  const broken = random.chance(0.25) ? mutated(random, text, random.pick(shared)) : text
  const breaks = random.chance(0.2) ? broken.replaceAll(/\r?\n/g, '\r\n') : broken
  return random.chance(0.05) ? `\ufeff${breaks}` : breaks
}

/** The edits of a text: nothing else changes, and what is read again is the object with the patch made. */
function edited(text: string, broken: Broken): void {
  const { policyFor } = governing([{}])
  const changes: DocumentEdits[] = []
  const found = [...checkText(text, { policyFor }, (change) => changes.push(change))]
  const { text: after, refused } = editManifests(text, changes)
  const [was, is] = [[...readManifests(text)], [...readManifests(after)]]
  if (was.length !== is.length) return broken('rest', 'documents', `there were ${was.length} documents, and are ${is.length}`)
  const left = new Set(refused.map(({ change }) => change))
  for (const [index, before] of was.entries()) {
    const now = is[index]
    const own = changes.filter(({ document }) => document === before.index)
    const [source, result] = [text.slice(before.start, before.end), after.slice(now?.start, now?.end)]
    if (before.error && source !== result)
      broken('unreadable', 'document', `a document that cannot be read is edited: ${before.error.message}`)
    if (own.every((change) => left.has(change)) && source !== result) broken('rest', 'document', 'a document without an edit has changed')
    if (before.error || own.some((change) => left.has(change))) continue
    const value = structuredClone(before.value)
    const workloads = found.flatMap((one) => ('workload' in one && one.workload.document === before.index ? one.workload : []))
    const places = [...readObjects(before.value)].flatMap(({ item, path }) =>
      readWorkloads(item).map(() => path.map((step) => `/${step}`).join(''))
    )
    for (const [at, workload] of workloads.entries()) {
      const operations = workload.patch().map((operation) => ({ ...operation, path: (places[at] ?? '') + operation.path })) as Operation[]
      const failed = applyPatch(value, operations).find((error) => error !== null)
      if (failed) broken('reads', 'patch', `the patch of a document does not apply: ${failed.message}`)
    }
    if (!isDeepStrictEqual(now?.value, value))
      broken('reads', 'value',
        `what is read again is not the object with its patch: ${JSON.stringify(now?.value)?.slice(0, 400)} and ${
          JSON.stringify(value).slice(0, 400)
        }`)
  }
  if (after !== text && was.every(({ error }) => !error)) independent(after, is.map(({ value }) => value), broken)
}

/** Another reader of YAML reads the same. */
function independent(text: string, values: readonly unknown[], broken: Broken): void {
  // A carriage return alone is a line break too (YAML 1.2, 5.4), which this reader misses within braces.
  const documents = parseAllDocuments(text.replaceAll(/\r(?!\n)/g, '\n'), { version: '1.1', merge: true, logLevel: 'silent',
    uniqueKeys: false })
  const list = Array.isArray(documents) ? documents : []
  if (list.some(({ errors }) => errors.length > 0)) return
  const read = list.map((document): unknown => document.toJS({ maxAliasCount: 1000 })).filter((value) => value !== null)
  if (read.length === values.length && !agrees(read, values))
    broken('reads', 'independent', `another reader reads ${JSON.stringify(read)} where Paddock reads ${JSON.stringify(values)}`)
}

/** Whether two readings have the same strings at the same places: what is a number, a time or nothing each version of YAML says for itself. */
function agrees(one: unknown, other: unknown): boolean {
  if (!isNode(one) || !isNode(other))
    return isNode(one) === isNode(other) && (typeof one !== 'string' || typeof other !== 'string' || one === other)
  const keys = Object.keys(one)
  return Array.isArray(one) === Array.isArray(other) && keys.length === Object.keys(other).length &&
    keys.every((key) => agrees(one[key], other[key]))
}

const isNode = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !(value instanceof Date)

export const manifests: Target = {
  name: 'manifest',
  share: 6,
  laws: [...fileLaws, 'rest', 'reads'],
  generate: (random): Json => ({ text: file(random), whole: random.chance(0.25) }),
  async run(input, broken) {
    const { text, whole } = fieldsOf(input)
    edited(textOf(text), broken)
    if (whole === true) await checked({ 'shop.yaml': textOf(text) }, ['shop.yaml'], [], broken)
  },
}
