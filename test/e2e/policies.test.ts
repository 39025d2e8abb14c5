import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { presetNames, presetObject } from '../../src/policy/presets.ts'
import { rules } from '../../src/rules/index.ts'
import { broken, objectOf, sound } from '../policy/broken.ts'
import { kubectlFor, sharedCluster, succeed, type Kubectl, type SharedCluster } from './kubectl.ts'

/** What the chart installs. */
const definitions = join(import.meta.dirname, '../../charts/paddock/crds')

const cluster = sharedCluster()
const suite = cluster === undefined ? describe.skip : describe

suite('policies in a real API server', () => {
  const space = `paddock-policies-${process.pid}`
  const cleanUp: (() => Promise<unknown>)[] = []
  let kubectl: Kubectl

  const names = async (): Promise<string[]> => (await readdir(definitions)).map((file) => file.replace(/\.yaml$/, ''))
  /** Nothing is stored. */
  const tried = (object: object, ...flags: string[]) => kubectl(['create', '--dry-run=server', '-o', 'json', '-f', '-', ...flags], object)

  beforeAll(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'paddock-e2e-'))
    cleanUp.unshift(() => rm(folder, { recursive: true, force: true }))
    kubectl = kubectlFor(cluster as SharedCluster, space, folder)
    await succeed(kubectl(['apply', '--server-side', '--force-conflicts', '-f', definitions]))
    await succeed(kubectl(['wait', '--for=condition=Established', '--timeout=30s', ...(await names()).map((name) => `crd/${name}`)]))
    await succeed(kubectl(['create', 'namespace', space]))
    cleanUp.unshift(() => succeed(kubectl(['delete', 'namespace', space, '--wait=false'])))
  }, 120_000)

  afterAll(async () => {
    for (const step of cleanUp) await step()
  }, 60_000)

  test('the definitions are structural, and nobody changes them', async () => {
    for (const name of await names()) {
      const definition = JSON.parse(await succeed(kubectl(['get', 'crd', name, '-o', 'json']))) as {
        status: { conditions: { type: string }[] }
      }
      expect(definition.status.conditions.map(({ type }) => type).sort()).toEqual(['Established', 'NamesAccepted'])
    }
    expect(await kubectl(['diff', '--server-side', '--force-conflicts', '-f', definitions])).toMatchObject({ status: 0, stdout: '' })
  })

  test.each(sound)('$kind with $name is accepted as it is', async ({ kind, spec }) => {
    expect((JSON.parse(await succeed(tried(objectOf({ kind, spec })))) as { spec: unknown }).spec).toEqual(spec)
  })

  test.each(presetNames)('the preset %s is accepted as it is', async (name) => {
    const object = presetObject(name) as object & { spec: unknown }
    expect((JSON.parse(await succeed(tried(object))) as { spec: unknown }).spec).toEqual(object.spec)
  })

  test.each(broken)('$kind with $name is refused', async ({ kind, spec, theirs }) => {
    const { status, stdout, stderr } = await tried(objectOf({ kind, spec }))
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
    expect(stderr).toContain(theirs)
  })

  test('a client that does not ask for strict validation is warned of a rule that there is not', async () => {
    const { status, stderr } = await tried(objectOf({ kind: 'GunicornPolicy', spec: { rules: { 'log-flie': 'Warn' } } }), '--validate=warn')
    expect({ status, stderr: stderr.trim() }).toEqual({ status: 0, stderr: 'Warning: unknown field "spec.rules.log-flie"' })
  })

  test('kubectl explains every rule', async () => {
    const text = await succeed(kubectl(['explain', 'gunicornpolicy.spec.rules']))
    for (const { id } of rules) expect(text).toMatch(new RegExp(`^  ${id}\\t`, 'm'))
  })

  test('the columns of a list', async () => {
    const name = `${space}-columns`
    await succeed(
      kubectl(['create', '-f', '-'], { ...objectOf({ kind: 'GunicornPolicy', spec: { preset: 'heroku', priority: 7 } }),
        metadata: { name } }),
    )
    cleanUp.unshift(() => succeed(kubectl(['delete', 'gunicornpolicy', name])))
    const lastTransitionTime = '2026-11-24T00:00:00Z'
    const status = { observedGeneration: 1, counts: { workloads: 12, denied: 3, warned: 4 },
      conditions: [{ type: 'Ready', status: 'True', reason: 'Sound', message: 'all of it holds', lastTransitionTime }] }
    await succeed(kubectl(['patch', 'gunicornpolicy', name, '--subresource=status', '--type=merge', '-p', JSON.stringify({ status })]))
    const [head = '', row = ''] = (await succeed(kubectl(['get', 'gpol', name]))).split('\n')
    expect(head.split(/ +/)).toEqual(['NAME', 'PRESET', 'PRIORITY', 'READY', 'WORKLOADS', 'DENIED', 'WARNED', 'AGE'])
    expect(row.split(/ +/).slice(0, 7)).toEqual([name, 'heroku', '7', 'True', '12', '3', '4'])
  })
})
