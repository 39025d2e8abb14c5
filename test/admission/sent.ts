/** Reviews as an API server writes them: members in the order of Go's types, and what it fills in, which is another each time. */
import type { Random } from '../conformance/random.ts'

type Fields = Readonly<Record<string, unknown>>

/** Source: k8s.io/apimachinery/pkg/apis/meta/v1 `ObjectMeta`. */
const metadataOrder = ['name', 'generateName', 'namespace', 'uid', 'resourceVersion', 'generation', 'creationTimestamp',
  'deletionTimestamp', 'labels', 'annotations', 'ownerReferences', 'finalizers', 'managedFields']

const inOrder = (fields: Fields, order: readonly string[]): Fields =>
  Object.fromEntries([...order.filter((name) => fields[name] !== undefined), ...Object.keys(fields).filter((name) => !order.includes(name))]
    .map((name) => [name, fields[name]]))

/** An object of the API server's own kinds as it is written. */
function written(object: Fields): Fields {
  const { kind, apiVersion, metadata, spec, status, ...rest } = object
  return { kind, apiVersion, metadata: inOrder(metadata as Fields, metadataOrder), ...rest,
    ...(spec === undefined ? {} : { spec: inOrder(spec as Fields, ['replicas']) }), ...(status === undefined ? {} : { status }) }
}

/** A review of it. */
export function sent(uid: string, object: Fields, more: Fields = {}): string {
  const { name, namespace } = object['metadata'] as Fields
  const { oldObject = null, operation = 'CREATE', userInfo = { username: 'ada', groups: ['system:authenticated'] }, ...others } = more
  const request = { uid, kind: { group: 'apps', version: 'v1', kind: object['kind'] },
    resource: { group: 'apps', version: 'v1', resource: 'deployments' }, ...(name === undefined ? {} : { name }),
    ...(namespace === undefined ? {} : { namespace }), operation, userInfo, object, oldObject, dryRun: false,
    options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1' }, ...others }
  return JSON.stringify({ kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1', request })
}

const digits = (random: Random): string => String(1 + random.below(1e9))
const letters = (random: Random): string => Array.from({ length: 5 }, () => random.pick([...'bcdfghjklmnpqrstvwxz2456789'])).join('')

/** What an API server fills in, of an object that is otherwise the same. */
export function filledIn(random: Random, object: Fields): Fields {
  const { metadata, spec } = object as { metadata: Fields; spec?: Fields }
  const isPod = object['kind'] === 'Pod'
  const token = `kube-api-access-${letters(random)}`
  const pod = isPod && spec && random.chance(0.8)
    ? { ...spec, containers: withMounts(spec['containers'], token),
      volumes: [...(Array.isArray(spec['volumes']) ? spec['volumes'] as unknown[] : []), tokenVolume(token)] } : spec
  return written({
    ...object,
    metadata: {
      ...metadata,
      ...(random.chance(0.8) ? { name: `shop-${letters(random)}` } : {}),
      uid: `9b0ff5f2-3a61-4f55-9a3b-${digits(random)}`,
      resourceVersion: digits(random),
      generation: random.below(1000),
      creationTimestamp: `2026-11-${10 + random.below(20)}T09:41:07Z`,
      managedFields: [{ manager: `m${digits(random)}`, operation: 'Update', fieldsV1: { 'f:spec': { 'f:x': {} } } }],
    },
    ...(pod === undefined ? {} : { spec: isPod || random.chance(0.1) ? pod : { replicas: random.below(20), ...pod } }),
    status: random.chance(0.2) ? {}
      : { observedGeneration: random.below(100), conditions: [{ type: 'Ready', status: 'True', message: 'a "b" }' }] },
  })
}

function withMounts(containers: unknown, token: string): unknown {
  if (!Array.isArray(containers)) return containers
  return containers.map((container: unknown) => {
    if (typeof container !== 'object' || container === null || Array.isArray(container)) return container
    const { volumeMounts } = container as Fields
    const mount = { name: token, readOnly: true, mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' }
    return { ...container, volumeMounts: [...(Array.isArray(volumeMounts) ? volumeMounts as unknown[] : []), mount] }
  })
}

/** Source: k8s.io/kubernetes/plugin/pkg/admission/serviceaccount. */
const tokenVolume = (name: string): Fields => ({ name, projected: {
  sources: [{ serviceAccountToken: { expirationSeconds: 3607, path: 'token' } }, {
    configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] },
  }],
  defaultMode: 420,
} })
