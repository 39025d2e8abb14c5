/**
 * What an API server asks of a webhook, as streams of reviews: texts with places in which something else stands each time, of the same
 * length, so that the load has nothing to put together.
 */
import type { Operation } from '../src/admission/responder.ts'
import { admissionReview, counter, type deployment, type Fields } from './review.ts'

export const streamNames = ['repeated', 'distinct', 'rollout', 'updates', 'scaling'] as const
export type StreamName = (typeof streamNames)[number]

export const streamWords: Readonly<Record<StreamName, string>> = {
  repeated: 'one Deployment, created under other names',
  distinct: 'Deployments of 4,000 templates, in turn: more than are remembered',
  rollout: 'rollouts of new templates: a Deployment, its ReplicaSet, ten Pods',
  updates: 'updates of 30 KB, each of another image',
  scaling: 'updates of nothing but replicas',
}

/** A review with places to be filled in. */
export interface Written {
  readonly bytes: Buffer
  readonly places: readonly { readonly at: number; readonly fill: Filling }[]
}

/** What stands for the number of a review, for that of its template, for letters of the review's own, and for a number as JSON has it. */
const fillings = { review: counter, template: '111111111111', letters: 'zzzzz', number: '7777777' } as const
type Filling = keyof typeof fillings

const templates = 4_000
const podsOfRollout = 10

/** Which template a review of a stream is of. */
export function templateOf(stream: StreamName, review: number): number {
  if (stream === 'rollout') return Math.floor(review / (podsOfRollout + 2))
  return stream === 'distinct' || stream === 'updates' ? review % templates : 0
}

const letters = 'bcdfghjklmnpqrstvwxz2456789'

/** What is filled in for a review. */
export function filling(fill: Filling, review: number, template: number): string {
  if (fill === 'review') return String(review).padStart(counter.length, '0')
  if (fill === 'template') return String(template).padStart(fillings.template.length, '0')
  if (fill === 'number') return String(1_000_000 + (review % 9_000_000))
  let [text, left] = ['', review]
  for (let at = 0; at < fillings.letters.length; at++) {
    text += letters[left % letters.length]
    left = Math.floor(left / letters.length)
  }
  return text
}

/** The reviews of a stream, one after the other, again and again. */
export function stream(name: StreamName, operation: Operation): readonly Written[] {
  return reviewsOf(name, operation).map((review) => {
    const body = JSON.stringify(review).replaceAll(`"${fillings.number}"`, fillings.number)
    const head = [
      `POST /${operation}?timeout=10s HTTP/1.1`,
      'Host: paddock.paddock.svc:443',
      'User-Agent: kube-apiserver-admission',
      'Accept: application/json, */*',
      'Content-Type: application/json',
      `Content-Length: ${body.length}`,
    ]
    const text = `${head.join('\r\n')}\r\n\r\n${body}`
    const places = (Object.keys(fillings) as Filling[]).flatMap((fill) =>
      [...text.matchAll(new RegExp(fillings[fill], 'g'))].map(({ index }) => ({ at: index, fill }))
    )
    return { bytes: Buffer.from(text, 'latin1'), places }
  })
}

function reviewsOf(name: StreamName, operation: Operation): readonly Fields[] {
  const whole = admissionReview(operation)
  switch (name) {
    case 'repeated':
      return [whole]
    case 'distinct':
      return [ofTemplate(whole)]
    case 'rollout':
      return rollout(operation)
    case 'updates':
      return [update(large(ofTemplate(whole)), (former) => replaced(former, fillings.template, '222222222222'))]
    case 'scaling':
      // What was created through the webhook lacks nothing.
      return [update(scaled(admissionReview('validate')), (former) => ({ ...former, status: {} }))]
  }
}

const replaced = <T>(value: T, from: string, to: string): T => JSON.parse(JSON.stringify(value).replaceAll(from, to)) as T

/** The same for one template of many: its application, image, variables and requirements are others. */
function ofTemplate<T>(value: T): T {
  const changes = [['"wsgi"', `"wsgi_${fillings.template}"`], ['storefront/shop:4.11.2', `storefront/shop:${fillings.template}`], [
    'shop.settings.production',
    `shop.settings.p${fillings.template}`,
  ], ['redis==6.4.0', `redis==6.4.0\\nshop-${fillings.template}==1.0`]] as const
  return changes.reduce((changed, [from, to]) => replaced(changed, from, to), value)
}

/** A Deployment with many variables, and two managers of its fields: some 14 KB. */
function large(review: Fields): Fields {
  const variables = Array.from({ length: 70 }, (_, index) => `FEATURE_${index}_ENABLED`)
  const object = review.request.object as ReturnType<typeof deployment>
  const [web, ...others] = object.spec.template.spec.containers
  const managed = (manager: string): object => ({ manager, operation: 'Update', apiVersion: 'apps/v1', time: '2026-11-23T09:41:07Z',
    fieldsType: 'FieldsV1', fieldsV1: {
      'f:spec': {
        'f:template': {
          'f:spec': {
            'f:containers': {
              'k:{"name":"web"}': {
                'f:env': Object.fromEntries(
                  variables.map((variable) => [`k:{"name":"${variable}"}`, { '.': {}, 'f:name': {}, 'f:value': {} }]),
                ),
              },
            },
          },
        },
      },
    } })
  const env = [...web!.env ?? [], ...variables.map((name, index) => ({ name, value: index % 2 === 0 ? 'true' : 'false' }))]
  return { ...review, request: { ...review.request, object: {
    ...object,
    metadata: { ...object.metadata, managedFields: [...object.metadata.managedFields, managed('kubectl-edit')] },
    spec: { ...object.spec,
      template: { ...object.spec.template, spec: { ...object.spec.template.spec, containers: [{ ...web, env }, ...others] } } },
  } } }
}

/** One that is scaled, and is what it was otherwise. */
function scaled(review: Fields): Fields {
  const object = review.request.object as ReturnType<typeof deployment>
  const status = { observedGeneration: fillings.number, replicas: 3, updatedReplicas: 3, readyReplicas: 3, availableReplicas: 3,
    conditions: ['Available', 'Progressing'].map((type) => ({ type, status: 'True', lastUpdateTime: '2026-11-23T09:41:07Z',
      lastTransitionTime: '2026-11-23T09:41:07Z', reason: 'MinimumReplicasAvailable', message: 'Deployment has minimum availability.' })
    ) }
  return { ...review, request: { ...review.request, name: 'shop', object: {
    ...object,
    metadata: { ...object.metadata, name: 'shop' },
    spec: { ...object.spec, replicas: fillings.number },
    status,
  } } }
}

/** An update as an API server sends it. What it stores has a version. */
function update(review: Fields, former: (object: Fields['request']['object']) => object): Fields {
  const { object } = review.request
  const { name, namespace, uid, ...rest } = object['metadata'] as Record<string, unknown>
  const stored = { ...object, metadata: { name, namespace, uid, resourceVersion: fillings.review, ...rest, generation: fillings.number } }
  return { ...review,
    request: { ...review.request, operation: 'UPDATE', object: stored, oldObject: former(stored),
      options: { kind: 'UpdateOptions', apiVersion: 'meta.k8s.io/v1', fieldManager: 'kubectl', fieldValidation: 'Strict' } } }
}

/**
 * The reviews of a rollout as an API server sends them: what a controller makes is of what the webhook has mended, and each Pod has
 * a volume with a token, under a name of its own.
 */
function rollout(operation: Operation): readonly Fields[] {
  const own = ofTemplate(admissionReview(operation))
  const mended = ofTemplate(admissionReview('validate')).request.object as ReturnType<typeof deployment>
  const hash = `7d${fillings.template}`
  const { template } = mended.spec
  const labels = { ...template.metadata.labels, 'pod-template-hash': hash }
  const uidOf = (kind: string): string => `${kind}-3a61-4f55-9a3b-${fillings.template}`
  const owner = (kind: string, name: string, uid: string) => ({ apiVersion: 'apps/v1', kind, name, uid, controller: true,
    blockOwnerDeletion: true })
  const managedFields = mended.metadata.managedFields
  const name = 'shop'
  const replicaSet = {
    kind: 'ReplicaSet',
    apiVersion: 'apps/v1',
    metadata: { name: `${name}-${hash}`, namespace: 'storefront', uid: uidOf('17b1d0a2'), generation: 1,
      creationTimestamp: '2026-11-23T09:41:07Z', labels,
      annotations: { 'deployment.kubernetes.io/desired-replicas': '10', 'deployment.kubernetes.io/max-replicas': '13',
        ...mended.metadata.annotations }, ownerReferences: [owner('Deployment', name, uidOf('9b0ff5f2'))], managedFields },
    spec: { replicas: 10, selector: { matchLabels: labels }, template: { ...template, metadata: { ...template.metadata, labels } } },
    status: { replicas: 0 },
  }
  const token = `kube-api-access-${fillings.letters}`
  const podName = `${name}-${hash}-${fillings.letters}`
  const pod = {
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: {
      // Names are made after the objects are changed, and before they are judged.
      ...(operation === 'validate' ? { name: podName } : {}),
      generateName: `${name}-${hash}-`,
      namespace: 'storefront',
      ...(operation === 'validate' ? { uid: `5e0c1f0a-8b5e-4d6e-9c1e-${fillings.review}`, creationTimestamp: '2026-11-23T09:41:08Z' }
        : { creationTimestamp: null }),
      labels,
      annotations: template.metadata.annotations,
      ownerReferences: [owner('ReplicaSet', `${name}-${hash}`, uidOf('17b1d0a2'))],
      managedFields,
    },
    spec: {
      ...template.spec,
      volumes: [...template.spec.volumes, { name: token, projected: {
        sources: [{ serviceAccountToken: { expirationSeconds: 3607, path: 'token' } }, {
          configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] },
        }, { downwardAPI: { items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }] } }],
        defaultMode: 420,
      } }],
      containers: template.spec.containers.map((container) => ({ ...container,
        volumeMounts: [...(container.volumeMounts ?? []), { name: token, readOnly: true,
          mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' }] })
      ),
      tolerations: ['not-ready', 'unreachable'].map((key) => ({ key: `node.kubernetes.io/${key}`, operator: 'Exists', effect: 'NoExecute',
        tolerationSeconds: 300 })
      ),
      priority: 0,
      enableServiceLinks: true,
      preemptionPolicy: 'PreemptLowerPriority',
    },
    status: { phase: 'Pending', qosClass: 'Burstable' },
  }
  const made = (kind: string, plural: string, group: string, controller: string, object: Readonly<Record<string, unknown>>,
    named: string | undefined): Fields => {
    const resource = { group, version: 'v1', resource: plural }
    const what = { group, version: 'v1', kind }
    return { ...own,
      request: { uid: own.request.uid, kind: what, resource, requestKind: what, requestResource: resource,
        ...(named === undefined ? {} : { name: named }), namespace: 'storefront', operation: 'CREATE',
        userInfo: { username: `system:serviceaccount:kube-system:${controller}`, uid: '8f5f0c0a-8b5e-4d6e-9c1e-1f0a8b5e4d6e',
          groups: ['system:serviceaccounts', 'system:serviceaccounts:kube-system', 'system:authenticated'] }, object, oldObject: null,
        dryRun: false, options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1' } } }
  }
  const ofPod = made('Pod', 'pods', '', 'replicaset-controller', pod, operation === 'validate' ? podName : undefined)
  const ofDeployment = replaced(own, `shop-${counter}`, name)
  return [ofDeployment, made('ReplicaSet', 'replicasets', 'apps', 'deployment-controller', replicaSet, `${name}-${hash}`),
    ...Array.from({ length: podsOfRollout }, () => ofPod)]
}
