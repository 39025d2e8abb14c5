import { describe, expect, test } from '@jest/globals'
import { containerEnvironment } from '../src/kubernetes/environment.ts'
import { escape, expand, firstHoleIn, type Lookup } from '../src/kubernetes/expansion.ts'
import { describe as worded, fieldPath, jsonPointer } from '../src/kubernetes/field.ts'
import { workloadKind, workloadKinds } from '../src/kubernetes/kinds.ts'
import { readObjects, readWorkload, valueAt } from '../src/kubernetes/workload.ts'
import { expectLinear } from './growth.ts'

const values: Readonly<Record<string, string | null>> = { A: 'A', B: 'B', C: 'C', REF: '$(A)', EMPTY: '', LONG: 'a long value',
  SECRET: null }
const lookup: Lookup = (name) => (Object.hasOwn(values, name) ? values[name] : undefined)

// Source: k8s.io/kubernetes/third_party/forked/golang/expansion/expand_test.go.
describe('$(VAR)', () => {
  test.each([
    ['$(A)', 'A'],
    ['$(A)-$(A)', 'A-A'],
    ['$(A)-1', 'A-1'],
    ['___$(B)___', '___B___'],
    ['___$(C)', '___C'],
    ['$(A)_$(B)_$(C)', 'A_B_C'],
    ['$$(B)_$(A)', '$(B)_A'],
    ['$$(A)_$$(B)', '$(A)_$(B)'],
    ['f000-$$A', 'f000-$A'],
    ['foo\\$(C)bar', 'foo\\Cbar'],
    ['foo\\\\\\\\$(A)bar', 'foo\\\\\\\\Abar'],
    ['$(A$(B))', '$(A$(B))'],
    ['$(A$(B)', '$(A$(B)'],
    ['$(REF)', '$(A)'],
    ['%%$(REF)--$(REF)%%', '%%$(A)--$(A)%%'],
    ['foo$(EMPTY)bar', 'foobar'],
    ['foo$(Awhoops!', 'foo$(Awhoops!'],
    ['f00__(A)__', 'f00__(A)__'],
    ['$?_boo_$!', '$?_boo_$!'],
    ['$A', '$A'],
    ['$(DNE)', '$(DNE)'],
    ['$$$$$$(BIG_MONEY)', '$$$(BIG_MONEY)'],
    ['$$$$$$(A)', '$$$(A)'],
    ['$$$$$$$(GOOD_ODDS)', '$$$$(GOOD_ODDS)'],
    ['$$$$$$$(A)', '$$$A'],
    ['$A)', '$A)'],
    ['${A}', '${A}'],
    ['$(B)_______$(A', 'B_______$(A'],
    ['$(C)_______$(', 'C_______$('],
    ['$(A)foobarzab$', 'Afoobarzab$'],
    ['foo-\\$(A', 'foo-\\$(A'],
    ['--$($($($($--', '--$($($($($--'],
    ['$($($($($--foo$(', '$($($($($--foo$('],
    ['foo0--$($($($(', 'foo0--$($($($('],
    ['$(foo$$var)', '$(foo$$var)'],
    ['$()', '$()'],
    ['\n', '\n'],
    ['', ''],
    ['$', '$'],
  ])('%j → %j', (input, text) => {
    expect(expand(input, lookup).text).toBe(text)
  })

  test('a value that is not known leaves a hole, and its name', () => {
    const { text, unknown, undefined: missing } = expand('a $(SECRET) $(DNE) $(SECRET)', lookup)
    expect(firstHoleIn(text)).toBe(2)
    expect(text.length).toBe('a _ $(DNE) _'.length)
    expect(unknown).toEqual(['SECRET', 'SECRET'])
    expect(missing).toEqual(['DNE'])
    expect(firstHoleIn('a known text')).toBe(-1)
  })

  test.each([
    // Each character of the output, and where in the input it comes from.
    ['ab', [0, 1, 2]],
    ['a$(B)c', [0, 1, 5, 6]],
    ['$$(A)x', [0, 2, 3, 4, 5, 6]],
    ['$(EMPTY)x', [8, 9]],
    ['x$(EMPTY)', [0, 9]],
    ['$(A)$(B)', [0, 4, 8]],
    ['$(DNE)$(A)', [0, 1, 2, 3, 4, 5, 6, 10]],
    ['é$(A)😀', [0, 1, 5, 6, 7]],
  ])('%j: offsets', (input, offsets) => {
    const { text, source } = expand(input, lookup)
    expect(Array.from({ length: text.length + 1 }, (_, at) => source(at))).toEqual(offsets)
  })

  test('within a value, every character stands where the variable does', () => {
    const { text, source } = expand('-$(LONG)-', lookup)
    expect(text).toBe('-a long value-')
    expect([1, 5, 12, 13, 14].map(source)).toEqual([1, 1, 1, 8, 9])
  })

  test.each(['$(A)', '$$(A)', '$A', '${A}', 'a$', '$$', '$$$', '%({x}i)s', '$($(A))', "'$(A)' $$$(B)", '$$x', '$'])(
    'escaped, %j is what it was',
    (text) => {
      expect(expand(escape(text), lookup).text).toBe(text)
    },
  )

  test('openings that are not closed take no more than there are', () =>
    expectLinear((size) => '$('.repeat(size), (text) => expect(expand(text, lookup).text).toBe(text), 20_000))
})

describe('fields', () => {
  test.each([
    [['spec', 'containers', 0, 'env', 2, 'value'], 'spec.containers[0].env[2].value', '/spec/containers/0/env/2/value'],
    [['metadata', 'annotations', 'paddock.dev/python'], 'metadata.annotations[paddock.dev/python]',
      '/metadata/annotations/paddock.dev~1python'],
    [['metadata', 'labels', 'a~b'], 'metadata.labels[a~b]', '/metadata/labels/a~0b'],
    [[], '', ''],
  ])('%j', (path, field, pointer) => {
    expect(fieldPath(path)).toBe(field)
    expect(jsonPointer(path)).toBe(pointer)
  })

  test.each([
    [worded('Invalid value', 'a "b"', 'must be c'), 'Invalid value: "a \\"b\\"": must be c'],
    [worded('Invalid value', 10, 'must be greater than 20'), 'Invalid value: 10: must be greater than 20'],
    [worded('Required value', undefined, '`bind` must be set'), 'Required value: `bind` must be set'],
    [worded('Forbidden', 'x', 'may not be set'), 'Forbidden: may not be set'],
    [worded('Unsupported value', 'x', 'supported values: "a"'), 'Unsupported value: "x": supported values: "a"'],
  ])('%s', (text, expected) => {
    expect(text).toBe(expected)
  })

  test('a value at a path is one of its own', () => {
    expect(valueAt({ a: [{ b: 1 }] }, ['a', 0, 'b'])).toBe(1)
    expect(valueAt({ a: [] }, ['a', 'length'])).toBeUndefined()
    expect(valueAt({}, ['constructor', 'name'])).toBeUndefined()
    expect(valueAt({ a: null }, ['a', 'b'])).toBeUndefined()
  })
})

const pod = { containers: [{ name: 'web', command: ['gunicorn', 'shop.wsgi'] }] }
const template = { spec: { template: { spec: pod } } }

describe('kinds', () => {
  test.each([
    ['v1', 'Pod', { spec: pod }, 'spec.containers[0]'],
    ['v1', 'PodTemplate', { template: { spec: pod } }, 'template.spec.containers[0]'],
    ['v1', 'ReplicationController', template, 'spec.template.spec.containers[0]'],
    ['apps/v1', 'Deployment', template, 'spec.template.spec.containers[0]'],
    ['apps/v1', 'ReplicaSet', template, 'spec.template.spec.containers[0]'],
    ['apps/v1', 'StatefulSet', template, 'spec.template.spec.containers[0]'],
    ['apps/v1', 'DaemonSet', template, 'spec.template.spec.containers[0]'],
    ['apps/v1beta2', 'Deployment', template, 'spec.template.spec.containers[0]'],
    ['batch/v1', 'Job', template, 'spec.template.spec.containers[0]'],
    ['batch/v1', 'CronJob', { spec: { jobTemplate: template } }, 'spec.jobTemplate.spec.template.spec.containers[0]'],
    ['argoproj.io/v1alpha1', 'Rollout', template, 'spec.template.spec.containers[0]'],
    ['serving.knative.dev/v1', 'Service', template, 'spec.template.spec.containers[0]'],
    ['serving.knative.dev/v1', 'Configuration', template, 'spec.template.spec.containers[0]'],
    ['serving.knative.dev/v1', 'Revision', { spec: pod }, 'spec.containers[0]'],
    ['apps.kruise.io/v1alpha1', 'CloneSet', template, 'spec.template.spec.containers[0]'],
    ['apps.kruise.io/v1beta1', 'StatefulSet', template, 'spec.template.spec.containers[0]'],
    ['apps.kruise.io/v1alpha1', 'DaemonSet', template, 'spec.template.spec.containers[0]'],
    ['apps.openshift.io/v1', 'DeploymentConfig', template, 'spec.template.spec.containers[0]'],
    ['paas.bk.tencent.com/v1alpha2', 'BkApp', { spec: { processes: pod.containers, configuration: {} } }, 'spec.processes[0]'],
  ])('%s %s', (apiVersion, kind, rest, path) => {
    const workload = readWorkload({ apiVersion, kind, metadata: { name: 'shop', namespace: 'web' }, ...rest })
    expect(workload).toMatchObject({ name: 'shop', namespace: 'web', errors: [] })
    expect(workload?.containers.map((container) => [fieldPath(container.path), container.command])).toEqual([[path, ['gunicorn',
      'shop.wsgi']]])
  })

  test('each kind has a case of its own', () => {
    expect(new Set(workloadKinds.map(({ group, kind }) => `${group}/${kind}`)).size).toBe(workloadKinds.length)
    expect(workloadKinds.length).toBe(18)
  })

  test.each([
    ['v1', 'Service'],
    ['example.com/v1', 'Deployment'],
    ['v1', 'Deployment'],
    ['apps/v1', 'Pod'],
    [undefined, 'Pod'],
    ['v1', undefined],
    [1, 'Pod'],
  ])('%j %j is none', (apiVersion, kind) => {
    expect(workloadKind(apiVersion, kind)).toBeUndefined()
    expect(readWorkload({ apiVersion, kind, ...template })).toBeUndefined()
  })

  test.each([[null], ['text'], [[]], [{}], [{ kind: 'Pod' }]])('%j is no workload', (object) => {
    expect(readWorkload(object)).toBeUndefined()
  })

  test.each([
    ['a List', { apiVersion: 'v1', kind: 'List', items: [1, { a: 2 }] }, [{ item: 1, path: ['items', 0] }, { item: { a: 2 },
      path: ['items', 1] }]],
    ['a list of nothing', { apiVersion: 'apps/v1', kind: 'DeploymentList', items: [] }, []],
    [
      'a list within a list',
      { kind: 'List', items: [0, { kind: 'PodList', items: [1, 2] }] },
      [{ item: 0, path: ['items', 0] }, { item: 1, path: ['items', 1, 'items', 0] }, { item: 2, path: ['items', 1, 'items', 1] }],
    ],
  ])('objects of %s', (_, object, objects) => {
    expect([...readObjects(object)]).toEqual(objects)
  })

  test.each([[{ apiVersion: 'v1', kind: 'List' }], [{ apiVersion: 'v1', kind: 'Pod', items: [1] }], [{ items: [1] }], ['List'], [null]])(
    '%j is no list',
    (object) => {
      expect([...readObjects(object)]).toEqual([{ item: object, path: [] }])
    },
  )
})

const read = (spec: unknown, metadata: unknown = {}): NonNullable<ReturnType<typeof readWorkload>> => {
  const workload = readWorkload({ apiVersion: 'v1', kind: 'Pod', metadata, spec })
  if (!workload) throw new Error('a Pod is a workload')
  return workload
}

describe('pod templates', () => {
  test('every list of containers is read, in the order of their start', () => {
    const { containers } = read({ containers: [{ name: 'b' }], initContainers: [{ name: 'a' }], ephemeralContainers: [{ name: 'c' }] })
    expect(containers.map(({ name, list, path }) => `${name} ${list} ${fieldPath(path)}`)).toEqual([
      'a initContainers spec.initContainers[0]',
      'b containers spec.containers[0]',
      'c ephemeralContainers spec.ephemeralContainers[0]',
    ])
  })

  test('annotations of the object, with those of its template on top', () => {
    const workload = readWorkload({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { generateName: 'shop-', annotations: { a: 'object', b: 'object', c: 1 } },
      spec: { template: { metadata: { annotations: { b: 'template' } }, spec: pod } },
    })
    expect(workload?.name).toBe('shop-')
    const told = ['a', 'b', 'c', 'd', 'toString'].flatMap((name) => {
      const annotation = workload?.annotations.get(name)
      expect(workload?.annotations.has(name)).toBe(annotation !== undefined)
      return annotation ? [`${name}=${annotation.value} ${fieldPath(annotation.path)}`] : []
    })
    expect(told).toEqual(['a=object metadata.annotations.a', 'b=template spec.template.metadata.annotations.b'])
  })

  test('what is not there is not there', () => {
    const [container] = read({ containers: [{}] }).containers
    expect(container).toMatchObject({ name: '', env: [], envFrom: [], hasEnv: false })
    expect([container?.command, container?.args, container?.port]).toEqual([undefined, undefined, undefined])
    expect(read({ containers: [{ command: null, args: [], env: null, ports: null }] })).toMatchObject({ errors: [],
      containers: [{ args: [], hasEnv: false }] })
    expect(read(undefined)).toMatchObject({ containers: [], errors: [] })
    expect(read({ containers: [{ env: [] }] }).containers[0]?.hasEnv).toBe(true)
  })

  test('a variable with neither value nor valueFrom is empty', () => {
    const env = [{ name: 'A' }, { name: 'B', value: '' }, { name: 'C', value: null }, { name: 'D', valueFrom: { secretKeyRef: {} } }]
    expect(read({ containers: [{ env }] }).containers[0]?.env.map(({ value }) => value)).toEqual(['', '', '', undefined])
  })

  test.each([
    [{ ports: [{ containerPort: 8000 }, { containerPort: 9000 }] }, 8000],
    [{ ports: [{ containerPort: '8000' }] }, undefined],
    [{ ports: [] }, undefined],
  ])('the port of %j', (container, port) => {
    expect(read({ containers: [container] }).containers[0]?.port).toBe(port)
  })

  test.each([
    ['text', 'spec: "text": must be an object'],
    [{ containers: 'text' }, 'spec.containers: "text": must be a list'],
    [{ containers: [1] }, 'spec.containers[0]: 1: must be an object'],
    [{ containers: [{ command: 'gunicorn shop.wsgi' }] }, 'spec.containers[0].command: "gunicorn shop.wsgi": must be a list of strings'],
    [{ containers: [{ args: [1, null] }] }, 'spec.containers[0].args[0]: 1: must be a string'],
    [{ containers: [{ args: ['a', null] }] }, 'spec.containers[0].args[1]: null: must be a string'],
    [{ containers: [{ env: { A: 'b' } }] }, 'spec.containers[0].env: {"A":"b"}: must be a list'],
    [{ containers: [{ env: [null, 'A=b'] }] }, 'spec.containers[0].env[1]: "A=b": must be an object'],
    [{ containers: [{ env: [{ value: 'b' }] }] }, 'spec.containers[0].env[0].name: null: must be a string'],
    [{ containers: [{ env: [{ name: 'PORT', value: 8000 }] }] }, 'spec.containers[0].env[0].value: 8000: must be a string'],
    [{ containers: [{ envFrom: 'x' }] }, 'spec.containers[0].envFrom: "x": must be a list'],
    [{ initContainers: {} }, 'spec.initContainers: {}: must be a list'],
  ])('%j is malformed', (spec, error) => {
    expect(read(spec).errors.map(({ path, value, detail }) => `${fieldPath(path)}: ${JSON.stringify(value)}: ${detail}`)).toEqual([error])
  })

  test('what is malformed takes nothing else with it', () => {
    const { containers, errors } = read({
      containers: [{ name: 'a', command: 'x' }, { name: 'b', command: ['gunicorn'], env: [{ value: '' }, { name: 'A', value: '1' }] }],
    })
    expect(containers.map(({ name, command, env }) => [name, command, env.length])).toEqual([['a', undefined, 0], ['b', ['gunicorn'], 1]])
    expect(errors.length).toBe(2)
  })
})

describe('the environment of a container', () => {
  const environment = (container: object, links = false): ReturnType<typeof containerEnvironment> => {
    const [read0] = read({ containers: [container] }).containers
    if (!read0) throw new Error('there is a container')
    return containerEnvironment(read0, links)
  }
  const variables = (env: readonly object[], rest: object = {}): string[] =>
    [...environment({ env, ...rest }).variables].map(([name, { value }]) => `${name}=${value}`)

  const fromSecret = { name: 'S', valueFrom: { secretKeyRef: { name: 'web', key: 's' } } }

  test.each([
    ['in order', [{ name: 'A', value: '1' }, { name: 'B', value: '$(A)2' }], ['A=1', 'B=12']],
    ['not before its definition', [{ name: 'B', value: '$(A)2' }, { name: 'A', value: '1' }], ['B=$(A)2', 'A=1']],
    ['the last one of a name', [{ name: 'A', value: '1' }, { name: 'B', value: '$(A)' }, { name: 'A', value: '2' }], ['A=2', 'B=1']],
    ['of itself', [{ name: 'A', value: '1' }, { name: 'A', value: '$(A)$(A)' }], ['A=11']],
    ['of a Secret', [fromSecret, { name: 'A', value: 'x$(S)' }, { name: 'B', value: '$$(S)' }], ['S=null', 'A=null', 'B=$(S)']],
  ])('%s', (_, env, expected) => {
    expect(variables(env)).toEqual(expected)
  })

  test('an envFrom may define what begins with its prefix', () => {
    const { mayComeFromElsewhere, lookup: find } = environment({ env: [{ name: 'WEB_A', value: '1' }],
      envFrom: [{ prefix: 'WEB_', secretRef: { name: 'web' } }] })
    expect(['WEB_A', 'WEB_B', 'WEB', 'PORT'].map(mayComeFromElsewhere)).toEqual([true, true, false, false])
    expect(['WEB_A', 'WEB_B', 'PORT'].map(find)).toEqual(['1', null, undefined])
    expect(environment({ envFrom: [{ configMapRef: { name: 'web' } }] }).lookup('ANY')).toBeNull()
    expect(variables([{ name: 'A', value: '$(WEB_B)' }], { envFrom: [{ prefix: 'WEB_' }] })).toEqual(['A=null'])
  })

  test.each([
    ['SHOP_SERVICE_HOST', true, null],
    ['SHOP_SERVICE_PORT', true, null],
    ['SHOP_SERVICE_PORT_HTTP', true, null],
    ['SHOP_PORT', true, null],
    ['SHOP_PORT_80_TCP', true, null],
    ['SHOP_PORT_80_TCP_ADDR', true, null],
    ['SHOP_PORT', false, undefined],
    ['KUBERNETES_SERVICE_HOST', false, null],
    ['KUBERNETES_PORT_443_TCP', false, null],
    ['PORT', true, undefined],
    ['SHOP_PORTS', true, undefined],
    ['shop_PORT', true, undefined],
  ])('%s of a Service, with service links %j: %j', (name, links, value) => {
    expect(environment({}, links).lookup(name)).toBe(value)
  })

  test('service links are on unless they are switched off', () => {
    expect(read({ containers: [] }).enableServiceLinks).toBe(true)
    expect(read({ containers: [], enableServiceLinks: false }).enableServiceLinks).toBe(false)
  })
})
