/** The client of a real API server, and objects kept in step with it, while connections break and the server goes. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { jsonLog } from '../../src/log.ts'
import { isConflict, isExpired, isTaken } from '../../src/cluster/api-error.ts'
import type { Cluster, KubernetesObject, Resource } from '../../src/cluster/cluster.ts'
import { connect } from '../../src/cluster/connect.ts'
import { inStep, keyOf, type InStep } from '../../src/cluster/in-step.ts'
import { deployments, namespaces } from '../../src/cluster/resources.ts'
import { pause } from '../cluster/program.ts'
import { sharedCluster } from './kubectl.ts'
import { startOwnCluster, type OwnCluster } from './own-cluster.ts'

const configMaps: Resource = { group: '', version: 'v1', plural: 'configmaps', kind: 'ConfigMap', namespaced: true }
const namespace = 'default'

interface ConfigMap extends KubernetesObject {
  readonly data?: Readonly<Record<string, string>>
}
const configMap = (name: string, value = ''): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { namespace, name, labels: { suite: 'watch' } },
  data: { value },
})

const suite = sharedCluster() === undefined ? describe.skip : describe

suite('a real API server', () => {
  let own: OwnCluster
  /** Straight to it. */
  let direct: Cluster
  /** Through the proxy. */
  let client: Cluster
  const logged: string[] = []
  const running = new Set<InStep<ConfigMap>>()

  beforeAll(async () => {
    own = await startOwnCluster()
    direct = await connect({ kubeconfig: own.kubeconfig, userAgent: 'paddock-test/direct', patience: 30_000 })
    client = await connect({ kubeconfig: own.proxied, userAgent: 'paddock-test/proxied' })
  }, 120_000)
  afterAll(async () => {
    direct?.close()
    client?.close()
    await own?.stop()
  }, 60_000)
  afterEach(async () => {
    own.proxy.open()
    for (const each of running) await each.stop()
    running.clear()
    logged.length = 0
  })

  /** ConfigMaps, kept in step through the proxy; and what somebody has who is told of changes alone. */
  async function follow(): Promise<{ kept: InStep<ConfigMap>; told: Map<string, ConfigMap>; changes: string[] }> {
    const log = jsonLog('debug', (line) => logged.push(line), Date.now)
    const kept = inStep<ConfigMap>(client, configMaps, { namespace, labelSelector: 'suite=watch' }, { log })
    running.add(kept)
    const told = new Map<string, ConfigMap>()
    const changes: string[] = []
    kept.onChange(({ type, object, former }) => {
      const about = object ?? former
      changes.push(`${type} ${about.metadata.name}`)
      if (object === undefined) told.delete(keyOf(about))
      else told.set(keyOf(about), object)
    })
    await kept.synced
    return { kept, told, changes }
  }

  const stored = async () => {
    const found = new Map<string, string | undefined>()
    for await (const { items } of direct.pages<ConfigMap>(configMaps, { namespace, labelSelector: 'suite=watch' })) {
      for (const item of items) found.set(keyOf(item), item.metadata.resourceVersion)
    }
    return found
  }
  const versions = (objects: ReadonlyMap<string, ConfigMap>) =>
    new Map([...objects].map(([key, { metadata }]) => [key, metadata.resourceVersion]))
  const lines = (found: ReadonlyMap<string, string | undefined>) =>
    [...found]
      .map((entry) => entry.join(' '))
      .sort()
      .join('\n')

  async function until(condition: () => boolean | Promise<boolean>, what: string, seconds = 20): Promise<void> {
    const deadline = Date.now() + seconds * 1000
    while (!(await condition())) {
      if (Date.now() > deadline) throw new Error(`not within ${seconds} s: ${what}\n${logged.join('')}`)
      await pause(50)
    }
  }

  describe('answers', () => {
    test('objects are created, read, replaced, applied and deleted', async () => {
      expect(await direct.get(configMaps, { namespace, name: 'a' })).toBeUndefined()
      const created = await direct.create(configMaps, configMap('a', '1'))
      expect(await direct.get(configMaps, { namespace, name: 'a' })).toEqual(created)
      const replaced = await direct.replace(configMaps, { ...created, data: { value: '2' } })
      expect(replaced.data).toEqual({ value: '2' })

      const late = await direct.replace(configMaps, created).catch((error: unknown) => error)
      expect(isConflict(late)).toBe(true)
      const taken = await direct.create(configMaps, configMap('a')).catch((error: unknown) => error)
      expect([isTaken(taken), isConflict(taken)]).toEqual([true, false])

      const options = { fieldManager: 'paddock-operator' }
      const foreign = await direct.apply(configMaps, configMap('a', '3'), options).catch((error: unknown) => error)
      expect(isConflict(foreign)).toBe(true)
      expect((foreign as Error).message).toMatch(/^patch configmaps "default\/a": Apply failed with \d conflict.*\.data\.value/)
      const applied = await direct.apply(configMaps, configMap('a', '3'), { ...options, force: true })
      expect(applied.data).toEqual({ value: '3' })
      // Who applies what is there changes nothing.
      expect((await direct.apply(configMaps, configMap('a', '3'), options)).metadata.resourceVersion).toBe(
        applied.metadata.resourceVersion,
      )

      const preconditions = { uid: 'another' }
      expect(
        isConflict(await direct.delete(configMaps, { namespace, name: 'a' }, { preconditions }).catch((error: unknown) => error)),
      ).toBe(true)
      expect(
        await direct.delete(configMaps, { namespace, name: 'a' }, { preconditions: { uid: created.metadata.uid ?? '' } }),
      ).toBe(true)
      expect(await direct.delete(configMaps, { namespace, name: 'a' })).toBe(false)
    })

    test('who may not is told what', async () => {
      const kubeconfig = await own.controlPlane.kubeconfigOf('kube-scheduler')
      const scheduler = await connect({ kubeconfig, userAgent: 'paddock-test/scheduler' })
      await expect(scheduler.create(configMaps, configMap('b'))).rejects.toThrow(
        /^create configmaps "default\/b": configmaps is forbidden: User "system:kube-scheduler" cannot create resource "configmaps" in API group "" in the namespace "default"/,
      )
      scheduler.close()
    })

    test('what is served of a group, in its preferred version', async () => {
      expect(await direct.served('apps')).toContainEqual(deployments)
      expect(await direct.served('')).toContainEqual(namespaces)
      expect((await direct.served('apps')).map(({ plural }) => plural)).not.toContain('deployments/scale')
      expect(await direct.served('paddock.example.com')).toEqual([])
    })

    test('lists come in pages, whole or with metadata only', async () => {
      const names = Array.from({ length: 7 }, (_, index) => `page-${index}`)
      for (const name of names) await direct.create(configMaps, configMap(name, 'x'))
      for (const metadataOnly of [false, true]) {
        const pages = []
        for await (const page of direct.pages<ConfigMap>(configMaps, {
          namespace,
          labelSelector: 'suite=watch',
          limit: 3,
          metadataOnly,
        }))
          pages.push(page)
        expect(pages.map(({ items }) => items.length)).toEqual([3, 3, 1])
        const items = pages.flatMap((page) => page.items)
        expect(items.map(({ metadata }) => metadata.name)).toEqual(names)
        for (const item of items) {
          expect(item).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap' })
          expect(item.metadata).not.toHaveProperty('managedFields')
          expect(item.data).toEqual(metadataOnly ? undefined : { value: 'x' })
        }
      }
      for (const name of names) await direct.delete(configMaps, { namespace, name })
    })

    test('a list whose version is compacted away is ended with what there is then', async () => {
      for (const name of ['a', 'b', 'c', 'd']) await direct.create(configMaps, configMap(name))
      const pages = direct.pages<ConfigMap>(configMaps, { namespace, labelSelector: 'suite=watch', limit: 2 })
      const first = (await pages.next()).value
      await direct.create(configMaps, configMap('e'))
      await own.compact()
      await own.kill()
      await own.controlPlane.restart('kube-apiserver')
      const rest = []
      for await (const page of pages) rest.push(page)
      const names = [first, ...rest].flatMap((page) => page?.items.map(({ metadata }: ConfigMap) => metadata.name))
      expect(names).toEqual(['a', 'b', 'c', 'd', 'e'])
      expect(Number(rest[0]?.resourceVersion)).toBeGreaterThan(Number(first?.resourceVersion))
      for (const name of ['a', 'b', 'c', 'd', 'e']) await direct.delete(configMaps, { namespace, name })
    }, 120_000)
  })

  describe('is kept in step with', () => {
    test('through connections that are cut all the time', async () => {
      const { kept, told, changes } = await follow()
      const cutting = setInterval(own.proxy.cut, 150)
      const end = Date.now() + 8000
      let writes = 0
      for (let index = 0; Date.now() < end; index++) {
        const name = `busy-${index % 12}`
        if (index % 5 === 4) await direct.delete(configMaps, { namespace, name })
        else await direct.apply(configMaps, configMap(name, String(index)), { fieldManager: 'test', force: true })
        writes++
      }
      clearInterval(cutting)
      await direct.delete(configMaps, { namespace, name: 'busy-0' })
      const want = await stored()
      await until(() => lines(versions(kept.items)) === lines(want), 'all that is stored')
      expect(versions(told)).toEqual(versions(kept.items))
      const lost = logged.filter((line) => line.includes('watch interrupted')).length
      process.stderr.write(`      ${writes} writes, ${changes.length} changes told, ${lost} connections lost\n`)
      expect(lost).toBeGreaterThan(5)
      for (const key of want.keys()) await direct.delete(configMaps, { namespace, name: key.split('/')[1] ?? '' })
    })

    test('what was deleted, made anew and changed while nothing was heard, after the API server was killed, and its versions are gone',
      async () => {
        for (const name of ['gone', 'anew', 'other', 'same']) await direct.create(configMaps, configMap(name, '1'))
        const { kept, told, changes } = await follow()
        const version = kept.items.get('default/same')?.metadata.resourceVersion ?? ''
        expect(kept.inTouch).toBe(true)
        own.proxy.close()
        changes.length = 0
        await direct.delete(configMaps, { namespace, name: 'gone' })
        await direct.delete(configMaps, { namespace, name: 'anew' })
        await direct.create(configMaps, configMap('anew', '2'))
        await direct.apply(configMaps, configMap('other', '2'), { fieldManager: 'test', force: true })
        await direct.create(configMaps, configMap('fresh'))
        await until(() => !kept.inTouch, 'the loss of the connection is seen')
        await own.kill()
        await own.controlPlane.restart('kube-apiserver')
        await own.compact()
        expect([...kept.items.keys()].sort()).toEqual(['default/anew', 'default/gone', 'default/other', 'default/same'])

        // This is what it is answered with: 410, as the new server knows nothing of what was before.
        const watched = async () => {
          for await (const event of direct.watch(configMaps, { namespace, resourceVersion: version }, AbortSignal.timeout(10_000)))
            if (event.type !== 'BOOKMARK') return event
          return undefined
        }
        expect(isExpired(await watched().catch((error: unknown) => error))).toBe(true)

        own.proxy.open()
        await until(() => kept.inTouch && kept.items.has('default/fresh'), 'in step again', 60)
        expect([...changes].sort()).toEqual(['added anew', 'added fresh', 'changed other', 'removed anew', 'removed gone'])
        expect(versions(told)).toEqual(versions(kept.items))
        expect(versions(kept.items)).toEqual(await stored())
        // And it goes on from there.
        await direct.delete(configMaps, { namespace, name: 'fresh' })
        await until(() => !kept.items.has('default/fresh'), 'what happens next')
        for (const name of ['anew', 'other', 'same']) await direct.delete(configMaps, { namespace, name })
      }, 120_000)

    test('an API server that is restarted under it', async () => {
      const { kept } = await follow()
      const restarted = own.controlPlane.restart('kube-apiserver')
      await until(() => !kept.inTouch, 'the loss is seen', 30)
      await restarted
      await direct.create(configMaps, configMap('after'))
      const began = Date.now()
      await until(() => kept.items.has('default/after'), 'what was created afterwards', 40)
      process.stderr.write(`      in step ${Date.now() - began} ms after the API server was back\n`)
      await direct.delete(configMaps, { namespace, name: 'after' })
    }, 120_000)

    test('nothing is asked all the time where a watch is turned down', async () => {
      const kubeconfig = await own.controlPlane.kubeconfigOf('kube-proxy')
      const stranger = await connect({ kubeconfig, userAgent: 'paddock-test/stranger' })
      const kept = inStep(
        stranger,
        configMaps,
        { namespace },
        { log: jsonLog('debug', (line) => logged.push(line), Date.now), random: () => 0 },
      )
      await pause(4000)
      // After 250, 500, 1000 and 2000 ms.
      expect(stranger.requests).toBeLessThanOrEqual(5)
      expect(logged.join('')).toContain('cannot list resource')
      expect([kept.isSynced, kept.inTouch]).toEqual([false, false])
      await kept.stop()
      stranger.close()
    })
  })
})
