import type { Operation } from '../src/admission/responder.ts'

/** Twelve digits of the uid and of the name, which the load generator counts up: no two reviews are the same. */
export const counter = '000000000000'

const name = `shop-${counter}`
const labels = {
  'app.kubernetes.io/name': 'shop',
  'app.kubernetes.io/part-of': 'storefront',
  'app.kubernetes.io/version': '4.11.2',
}
const accessLogFormat = '[%(h)s] %({request_id}i)s %(u)s %(t)s "%(r)s" %(s)s %(D)s %(b)s "%(f)s" "%(a)s"'

const flags = '-w 4 -b :$(PORT) --access-logfile - --error-logfile - --access-logformat'.split(' ')

/** The start command: one that the blueking defaults are put into, and one that has them all. */
const commands: Readonly<Record<Operation, readonly string[]>> = {
  mutate: ['gunicorn', 'wsgi'],
  validate: ['gunicorn', 'wsgi', ...flags, accessLogFormat],
}

const probe = (path: string) => ({
  httpGet: { path, port: 'http', scheme: 'HTTP' },
  initialDelaySeconds: 5,
  timeoutSeconds: 2,
  periodSeconds: 10,
  successThreshold: 1,
  failureThreshold: 3,
})
const secret = (key: string) => ({ name: key, valueFrom: { secretKeyRef: { name: 'shop-secrets', key: key.toLowerCase() } } })
const owned = (...fields: string[]) => Object.fromEntries(fields.map((field) => [field, {}]))

export function deployment(operation: Operation) {
  return {
    kind: 'Deployment',
    apiVersion: 'apps/v1',
    metadata: {
      name,
      namespace: 'storefront',
      uid: '9b0ff5f2-3a61-4f55-9a3b-5d9c53f0b7c4',
      generation: 1,
      creationTimestamp: '2026-11-23T09:41:07Z',
      labels,
      annotations: {
        'deployment.kubernetes.io/revision': '1',
        'paddock.dev/requirements': 'Django==5.2.8\ngunicorn==23.0.0\nredis==6.4.0\n',
      },
      managedFields: [managedFields],
    },
    spec: {
      replicas: 3,
      selector: { matchLabels: { 'app.kubernetes.io/name': 'shop' } },
      template: {
        metadata: {
          creationTimestamp: null,
          labels,
          annotations: { 'prometheus.io/scrape': 'true', 'prometheus.io/port': '9117' },
        },
        spec: {
          volumes: [
            { name: 'tmp', emptyDir: { medium: 'Memory', sizeLimit: '64Mi' } },
            { name: 'config', configMap: { name: 'shop-config', defaultMode: 420 } },
          ],
          containers: [
            {
              name: 'web',
              image: 'registry.example.com/storefront/shop:4.11.2',
              command: commands[operation],
              ports: [{ name: 'http', containerPort: 5000, protocol: 'TCP' }],
              env: [
                { name: 'PORT', value: '5000' },
                { name: 'DJANGO_SETTINGS_MODULE', value: 'shop.settings.production' },
                { name: 'LOG_LEVEL', value: 'INFO' },
                { name: 'CACHE_URL', value: 'redis://shop-cache.storefront.svc:6379/0' },
                secret('DATABASE_URL'),
                secret('SECRET_KEY'),
                { name: 'POD_IP', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'status.podIP' } } },
              ],
              resources: { limits: { cpu: '2', memory: '1Gi' }, requests: { cpu: '250m', memory: '512Mi' } },
              volumeMounts: [
                { name: 'tmp', mountPath: '/tmp' },
                { name: 'config', readOnly: true, mountPath: '/etc/shop' },
              ],
              livenessProbe: probe('/healthz'),
              readinessProbe: probe('/readyz'),
              terminationMessagePath: '/dev/termination-log',
              terminationMessagePolicy: 'File',
              imagePullPolicy: 'IfNotPresent',
              securityContext: { capabilities: { drop: ['ALL'] }, runAsNonRoot: true, readOnlyRootFilesystem: true },
            },
            {
              name: 'metrics',
              image: 'registry.example.com/platform/statsd-exporter:0.28.0',
              args: ['--statsd.listen-udp=:9125', '--web.listen-address=:9117', '--log.level=warn'],
              ports: [{ name: 'metrics', containerPort: 9117, protocol: 'TCP' }],
              resources: { limits: { memory: '64Mi' }, requests: { cpu: '10m', memory: '32Mi' } },
              terminationMessagePath: '/dev/termination-log',
              terminationMessagePolicy: 'File',
              imagePullPolicy: 'IfNotPresent',
            },
          ],
          restartPolicy: 'Always',
          terminationGracePeriodSeconds: 45,
          dnsPolicy: 'ClusterFirst',
          serviceAccountName: 'shop',
          serviceAccount: 'shop',
          securityContext: { fsGroup: 1000 },
          schedulerName: 'default-scheduler',
          topologySpreadConstraints: [
            {
              maxSkew: 1,
              topologyKey: 'topology.kubernetes.io/zone',
              whenUnsatisfiable: 'ScheduleAnyway',
              labelSelector: { matchLabels: { 'app.kubernetes.io/name': 'shop' } },
            },
          ],
        },
      },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: '25%' } },
      revisionHistoryLimit: 10,
      progressDeadlineSeconds: 600,
    },
    status: {},
  }
}

const variables = ['PORT', 'DJANGO_SETTINGS_MODULE', 'LOG_LEVEL', 'CACHE_URL', 'DATABASE_URL', 'SECRET_KEY', 'POD_IP']

/** What a server-side apply writes down of who owns which field: about a third of a real object. */
const managedFields = {
  manager: 'kubectl',
  operation: 'Apply',
  apiVersion: 'apps/v1',
  time: '2026-11-23T09:41:07Z',
  fieldsType: 'FieldsV1',
  fieldsV1: {
    'f:metadata': {
      'f:annotations': owned('f:paddock.dev/requirements'),
      'f:labels': owned(...Object.keys(labels).map((label) => `f:${label}`)),
    },
    'f:spec': {
      'f:replicas': {},
      'f:selector': {},
      'f:strategy': { 'f:rollingUpdate': owned('f:maxSurge', 'f:maxUnavailable') },
      'f:template': {
        'f:metadata': { 'f:labels': owned(...Object.keys(labels).map((label) => `f:${label}`)) },
        'f:spec': {
          'f:containers': {
            'k:{"name":"web"}': {
              ...owned('.', 'f:command', 'f:image', 'f:imagePullPolicy', 'f:name', 'f:securityContext'),
              'f:env': Object.fromEntries(
                variables.map((variable) => [`k:{"name":"${variable}"}`, owned('.', 'f:name', 'f:value')]),
              ),
              'f:livenessProbe': { 'f:httpGet': owned('f:path', 'f:port'), ...owned('f:periodSeconds', 'f:timeoutSeconds') },
              'f:readinessProbe': { 'f:httpGet': owned('f:path', 'f:port'), ...owned('f:periodSeconds', 'f:timeoutSeconds') },
              'f:ports': { 'k:{"containerPort":5000,"protocol":"TCP"}': owned('.', 'f:containerPort', 'f:name') },
              'f:resources': { 'f:limits': owned('f:cpu', 'f:memory'), 'f:requests': owned('f:cpu', 'f:memory') },
            },
            'k:{"name":"metrics"}': {
              ...owned('.', 'f:args', 'f:image', 'f:imagePullPolicy', 'f:name', 'f:ports', 'f:resources'),
            },
          },
          ...owned('f:securityContext', 'f:serviceAccountName', 'f:terminationGracePeriodSeconds', 'f:volumes'),
        },
      },
    },
  },
}

/** A review, as far as it is looked into here. */
export interface Fields {
  readonly request: { readonly object: Readonly<Record<string, unknown>>; readonly [member: string]: unknown }
  readonly [member: string]: unknown
}

/** A Deployment of some 6 KB in its AdmissionReview, as the API server sends it when one is applied. */
export function admissionReview(operation: Operation): Fields {
  return {
    kind: 'AdmissionReview',
    apiVersion: 'admission.k8s.io/v1',
    request: {
      uid: `3f0c1f0a-8b5e-4d6e-9c1e-${counter}`,
      kind: { group: 'apps', version: 'v1', kind: 'Deployment' },
      resource: { group: 'apps', version: 'v1', resource: 'deployments' },
      requestKind: { group: 'apps', version: 'v1', kind: 'Deployment' },
      requestResource: { group: 'apps', version: 'v1', resource: 'deployments' },
      name,
      namespace: 'storefront',
      operation: 'CREATE',
      userInfo: { username: 'ci@example.com', groups: ['deployers', 'system:authenticated'] },
      object: deployment(operation),
      oldObject: null,
      dryRun: false,
      options: { kind: 'PatchOptions', apiVersion: 'meta.k8s.io/v1', fieldManager: 'kubectl', fieldValidation: 'Strict' },
    },
  }
}

/** The same Deployment as it is sent to the API server to be created: with nothing that the API server fills in. */
export function deploymentToCreate(namespace: string, name: string): unknown {
  const { kind, apiVersion, metadata, spec } = deployment('mutate')
  return { kind, apiVersion, metadata: { name, namespace, labels, annotations: metadata.annotations }, spec }
}
