/** BkApps of both versions: what is found, what a fix makes of the file, and that the webhook says the same. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { parseAllDocuments } from 'yaml'
import { run } from './in-memory.ts'

const folder = join(import.meta.dirname, 'bkapps')

function golden(name: string, got: string): void {
  const path = join(folder, name)
  if (process.env['UPDATE'] === '1') writeFileSync(path, got)
  expect(got).toBe(readFileSync(path, 'utf8'))
}

describe.each(['v1alpha1', 'v1alpha2'])('%s', (version) => {
  const text = readFileSync(join(folder, `${version}.yaml`), 'utf8')

  test('what is found', async () => {
    golden(`${version}.txt`, (await run(['check', 'app.yaml', '--fail-on', 'never'], { 'app.yaml': text })).out)
  })

  test('what is fixed, and that it stays so', async () => {
    const { files } = await run(['check', 'app.yaml', '--fix', '--fail-on', 'never'], { 'app.yaml': text })
    const fixed = files['app.yaml'] ?? ''
    golden(`${version}.fixed.yaml`, fixed)
    expect((await run(['check', 'app.yaml', '--fix'], files)).files['app.yaml']).toBe(fixed)
  })

  test('the webhook says the same', async () => {
    const { out } = await run(['check', 'app.yaml', '--format', 'json', '--fail-on', 'never'], { 'app.yaml': text })
    const { workloads } = JSON.parse(out) as { workloads: { patch: unknown[]; decision: string }[] }
    const objects = parseAllDocuments(text).map((document) => document.toJS() as object)
    expect(workloads).toHaveLength(objects.length)
    for (const [index, object] of objects.entries()) {
      const review = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview',
        request: { uid: 'u', operation: 'CREATE', object, namespace: 'shop' } }
      const answer = async (operation: string) =>
        JSON.parse((await run(['review', 'review.json', operation], { 'review.json': JSON.stringify(review) })).out) as {
          response: { patch?: string; allowed: boolean }
        }
      const { patch } = (await answer('--mutate')).response
      expect(patch === undefined ? [] : JSON.parse(Buffer.from(patch, 'base64').toString())).toEqual(workloads[index]?.patch)
      expect((await answer('--validate')).response.allowed).toBe(workloads[index]?.decision === 'Allow')
    }
  })
})
