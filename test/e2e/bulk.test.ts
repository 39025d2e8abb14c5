import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { bulks, bulkyPod, largestNumber } from '../../bench/bulks.ts'
import { kubectlFor, sharedCluster, succeed, type Answer, type Kubectl, type SharedCluster } from './kubectl.ts'
import { startWebhook, webhookConfigurations, type Webhook } from './webhook.ts'

/** What is to be denied, whatever stands beside it. */
const wrong = { command: ['gunicorn', '-k', 'nope', 'a'] }

/** By Paddock; or by the API server itself, for annotations of more than 256 KiB, and what has become too large by a client's spelling. */
const refused = /denied the request: violates GunicornPolicy "no-way-round"|metadata.annotations: Too long|entity too large/

const cluster = sharedCluster()
const suite = cluster === undefined ? describe.skip : describe

suite('objects that are made to be hard to read, through an API server that waits for two seconds and then lets in', () => {
  const namespace = `paddock-bulk-${process.pid}`
  const cleanUp: (() => Promise<unknown>)[] = []
  let kubectl: Kubectl
  let webhook: Webhook

  const dryRun = (object: object): Promise<Answer> => kubectl(['create', '--dry-run=server', '-o', 'name', '-f', '-'], object)

  beforeAll(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'paddock-bulk-'))
    cleanUp.unshift(() => rm(folder, { recursive: true, force: true }))
    const { source, webhookHost } = cluster as SharedCluster
    kubectl = kubectlFor(cluster as SharedCluster, namespace, folder)
    await succeed(kubectl(['create', 'namespace', namespace]))
    cleanUp.unshift(() => succeed(kubectl(['delete', 'namespace', namespace, '--wait=false'])))
    const policy = join(folder, 'policy.yaml')
    await writeFile(policy,
      JSON.stringify({ apiVersion: 'paddock.dev/v1alpha1', kind: 'GunicornPolicy', metadata: { name: 'no-way-round' },
        spec: { preset: 'blueking', rules: { 'unread-command': 'Deny' } } }))
    webhook = await startWebhook(webhookHost, folder, ['--policy', policy])
    cleanUp.unshift(webhook.stop)
    const configurations = await webhookConfigurations(webhook, source, namespace, { failurePolicy: 'Ignore', timeoutSeconds: 2 })
    cleanUp.unshift(() => succeed(kubectl(['delete', '--ignore-not-found', '-f', '-'], configurations)))
    await succeed(kubectl(['create', '-f', '-'], configurations))
    for (let attempt = 0; attempt < 100; attempt++) if ((await dryRun(bulkyPod(nothing, 1, [wrong]))).status !== 0) return
  }, 120_000)

  afterAll(async () => {
    for (const step of cleanUp) await step()
  })

  test.each(bulks.map((bulk) => [bulk.name, bulk] as const))('%s: what is wrong beside it is denied, or it is told as unread',
    async (_, bulk) => {
      for (const n of new Set([bulk.usual, largestNumber(bulk)].map((number) => Math.min(number, bulk.admitted ?? number)))) {
        const { status, stderr } = await dryRun(bulkyPod(bulk, n, [wrong]))
        expect([n, status, stderr.replaceAll(/^Warning: .*\n/gm, '').slice(0, 1000)]).toEqual([n, 1, expect.stringMatching(refused)])
      }
    }, 120_000)

  test('the webhook is still there', async () => {
    expect(await webhook.output()).not.toMatch(/internal fault|heap out of memory/)
    expect((await dryRun(bulkyPod(nothing, 1, [wrong]))).stderr).toMatch(/nope/)
  })
})

const nothing = { name: 'nothing', usual: 1, make: () => ({ containers: [] }) }
