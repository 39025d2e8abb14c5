import { describe, expect, test } from '@jest/globals'
import { gracePeriod, isLasting, limit, mayBindLowPorts, mountOf, mounts, preStop, probePorts, runsAs, unprivilegedPortStart,
  workingFolder } from '../../src/kubernetes/pod-fields.ts'
import { readWorkload, type Container, type Workload } from '../../src/kubernetes/workload.ts'

function read(container: object, pod: object = {}, kind = 'Pod'): [Workload, Container] {
  const spec = { ...pod, containers: [{ name: 'web', ...container }] }
  const object = kind === 'Pod' ? { apiVersion: 'v1', kind, metadata: {}, spec }
    : { apiVersion: kind === 'Job' ? 'batch/v1' : 'serving.knative.dev/v1', kind, metadata: {}, spec: { template: { spec } } }
  const workload = readWorkload(object)
  const [first] = workload?.containers ?? []
  if (!workload || !first) throw new Error('there is no container')
  return [workload, first]
}

/** What stands where the API has another type: nothing may be made of it, and nothing may break. */
const odd = [null, 0, 'text', [], {}, [null], [{}], true]

describe('fields of the wrong type are unknown', () => {
  test.each(odd.map((value) => [JSON.stringify(value), value] as const))('%s', (_, value) => {
    const [workload, container] = read(
      { lifecycle: value, readinessProbe: value, securityContext: value, resources: value, volumeMounts: value, workingDir: [value] },
      { terminationGracePeriodSeconds: [value], securityContext: value, volumes: value },
    )
    expect(gracePeriod(workload)).toBeUndefined()
    expect(probePorts(container)).toEqual([])
    expect(runsAs(workload, container)).toBeUndefined()
    expect(mayBindLowPorts(container)).toBeUndefined()
    expect(unprivilegedPortStart(workload)).toBeUndefined()
    expect(limit(container, 'cpu')).toBeUndefined()
    expect(workingFolder(container)).toBeUndefined()
    expect(mounts(workload, container)).toEqual([{ path: '/dev/shm', storage: 'memory', isWritable: true }])
    expect(preStop(container)).toBe(value === null || typeof value !== 'object' || !('preStop' in value) ? undefined : 'other')
  })
})

describe('what a folder is kept in', () => {
  const volumes = [{ name: 'disk', emptyDir: {} }, { name: 'memory', emptyDir: { medium: 'Memory' } }, { name: 'host',
    hostPath: { path: '/x' } }, { name: 'huge', emptyDir: { medium: 'HugePages' } }]
  const [workload, container] = read(
    {
      volumeMounts: [
        { name: 'disk', mountPath: '/tmp' },
        { name: 'memory', mountPath: '/tmp/fast/' },
        { name: 'host', mountPath: '/host' },
        { name: 'huge', mountPath: '/huge' },
        { name: 'nobody', mountPath: '/nobody' },
        { name: 'disk', mountPath: '/read', readOnly: true },
      ],
    },
    { volumes },
  )
  const all = mounts(workload, container)
  test.each<[string, string | undefined, boolean | undefined]>([
    ['/tmp', 'disk', true],
    ['/tmp/x', 'disk', true],
    ['/tmp//fast', 'memory', true],
    ['/tmp/fast/x', 'memory', true],
    ['/tmp/faster', 'disk', true],
    ['/host/x', 'unknown', true],
    ['/huge', 'unknown', true],
    ['/nobody', 'unknown', true],
    ['/read/x', 'disk', false],
    ['/dev/shm/x', 'memory', true],
    ['/', undefined, undefined],
    ['/tmpx', undefined, undefined],
  ])('%s', (folder, storage, isWritable) => {
    const mount = mountOf(folder, all)
    expect([mount?.storage, mount?.isWritable]).toEqual([storage, isWritable])
  })
})

test('the container says more of its user than the Pod does', () => {
  expect(runsAs(...read({ securityContext: { runAsUser: 0 } }, { securityContext: { runAsUser: 7, runAsNonRoot: false } }))).toBe(0)
  expect(runsAs(...read({}, { securityContext: { runAsUser: 7 } }))).toBe(7)
  expect(runsAs(...read({ securityContext: { runAsNonRoot: false } }, { securityContext: { runAsNonRoot: true } }))).toBeUndefined()
  expect(runsAs(...read({}, { securityContext: { runAsNonRoot: true } }))).toBe('other')
})

test('capabilities by any of their names', () => {
  const may = (capabilities: object): boolean | undefined => mayBindLowPorts(read({ securityContext: { capabilities } })[1])
  expect([may({ drop: ['ALL'] }), may({ drop: ['all'], add: ['CAP_NET_BIND_SERVICE'] }), may({ drop: ['CHOWN'] }),
    may({ drop: ['net_bind_service'] })]).toEqual([false, true, undefined, false])
})

test('what lasts as long as its Pod', () => {
  expect(isLasting(...read({}))).toBe(true)
  expect(isLasting(...read({}, {}, 'Job'))).toBe(false)
  expect(gracePeriod(read({}, {}, 'Service')[0])).toBeUndefined()
})
