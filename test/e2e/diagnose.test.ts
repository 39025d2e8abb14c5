/** `paddock diagnose deployment/NAME` on a real API server. There is no node: Pods are what this says they are, and have no logs. */
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Diagnosis } from '../../src/logs/diagnosis.ts'
import { kubectlFor, sharedCluster, succeed, type Kubectl } from './kubectl.ts'

const cluster = sharedCluster()
const suite = cluster === undefined ? describe.skip : describe
const program = join(import.meta.dirname, '../../cmd/paddock.ts')

suite('a workload of a real cluster', () => {
  const space = `paddock-diagnose-${process.pid}`
  let kubectl: Kubectl
  let folder: string

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'paddock-diagnose-'))
    if (!cluster) return
    kubectl = kubectlFor(cluster, space, folder)
    await succeed(kubectl(['create', 'namespace', space]))
    await succeed(kubectl(['create', 'serviceaccount', 'default'])).catch(() => '')
  })
  afterAll(async () => {
    await kubectl?.(['delete', 'namespace', space, '--wait=false'])
    await rm(folder, { recursive: true, force: true })
  })

  const container = { name: 'web', image: 'shop:1', command: ['gunicorn', 'shop', '-w', '2'], resources: { limits: { memory: '256Mi' } } }

  async function workload(name: string, statuses: readonly object[]): Promise<void> {
    const template = { metadata: { labels: { app: name } }, spec: { containers: [container] } }
    await succeed(
      kubectl(['apply', '-f', '-'], { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name },
        spec: { replicas: 0, selector: { matchLabels: { app: name }, matchExpressions: [{ key: 'app', operator: 'Exists' }] },
          template } }),
    )
    for (const [index, status] of statuses.entries()) {
      const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: `${name}-${index}`, labels: { app: name } },
        spec: { containers: [container] } }
      await succeed(kubectl(['create', '-f', '-'], pod))
      const containerStatuses = [{ name: 'web', image: 'shop:1', imageID: '', ready: true, restartCount: 3, ...status }]
      await succeed(
        kubectl(['patch', 'pod', `${name}-${index}`, '--subresource=status', '--type=merge', '-p',
          JSON.stringify({ status: { phase: 'Running', containerStatuses } })]),
      )
    }
  }

  async function diagnose(
    ...words: readonly string[]
  ): Promise<{ readonly status: number | null; readonly report: Diagnosis; readonly err: string }> {
    const child = spawn(process.execPath, [program, 'diagnose', ...words, '-n', space, '--kubeconfig', cluster?.kubeconfig ?? '',
      '--format', 'json'])
    const [out, err] = [child.stdout, child.stderr].map((stream) => stream.setEncoding('utf8').toArray() as Promise<string[]>)
    const status = await new Promise<number | null>((resolve) => child.on('close', resolve))
    const text = ((await out) ?? []).join('')
    return { status, report: text === '' ? ({} as Diagnosis) : (JSON.parse(text) as Diagnosis), err: ((await err) ?? []).join('') }
  }

  const ended = (reason: string, exitCode: number, minutes = 1): object => {
    const at = new Date(Date.now() - minutes * 60_000).toISOString().replace(/\.\d+Z/, 'Z')
    return { state: { running: { startedAt: at } }, lastState: { terminated: { reason, exitCode, startedAt: at, finishedAt: at } } }
  }

  test('memory that ran out', async () => {
    await workload('hungry', [ended('OOMKilled', 137), ended('OOMKilled', 137)])
    const { status, report } = await diagnose('deploy/hungry')
    expect([status, report.healthy, report.conclusions.map(({ id, confidence }) => [id, confidence])]).toEqual([1, false, [['out-of-memory',
      'certain']]])
    expect(report.conclusions[0]?.summary).toContain('256Mi')
    expect(report.conclusions[0]?.evidence[0]?.text).toContain('pod hungry-')
  })

  test('what is longer ago than is asked for is not told', async () => {
    await workload('past', [ended('OOMKilled', 137, 120)])
    const { report } = await diagnose('deployment/past', '--since', '1h')
    expect([report.healthy, report.conclusions]).toEqual([null, []])
  })

  test('a probe that was not answered', async () => {
    await workload('probed', [ended('Error', 137)])
    const about = { apiVersion: 'v1', kind: 'Pod', namespace: space, name: 'probed-0' }
    const now = new Date().toISOString().replace(/\.\d+Z/, 'Z')
    const event = (name: string, reason: string, message: string): object => ({ apiVersion: 'v1', kind: 'Event', metadata: { name },
      involvedObject: about, reason, message, count: 2, type: 'Warning', firstTimestamp: now, lastTimestamp: now })
    await succeed(kubectl(['create', '-f', '-'], event('one', 'Killing', 'Container web failed liveness probe, will be restarted')))
    await succeed(kubectl(['create', '-f', '-'], event('two', 'Unhealthy', 'Liveness probe failed: context deadline exceeded')))
    const { report } = await diagnose('deployment/probed')
    expect(report.conclusions.map(({ id, confidence }) => [id, confidence])).toEqual([['forced-restart', 'certain']])
    expect(report.conclusions[0]?.evidence.map(({ text }) => text)).toEqual([
      'pod probed-0: Container web failed liveness probe, will be restarted',
      'pod probed-0: Liveness probe failed: context deadline exceeded',
    ])
  })

  test('a container that ends again and again, and one that nothing is known of', async () => {
    await workload('looping', [{ ...ended('Error', 127), state: { waiting: { reason: 'CrashLoopBackOff' } } }])
    expect((await diagnose('pod/looping-0')).report.conclusions.map(({ id }) => id)).toEqual(['boot-loop'])
    await workload('killed', [ended('Error', 137)])
    expect((await diagnose('deployment/killed')).report).toMatchObject({ healthy: null, conclusions: [] })
  })

  test('what there is not', async () => {
    for (const words of [['deployment/nosuch'], ['gizmo/web']]) {
      const { status, err } = await diagnose(...words)
      expect([status, err]).toEqual([2, expect.stringMatching(/^paddock: /)])
    }
  })
})
