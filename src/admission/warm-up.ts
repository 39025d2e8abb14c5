/**
 * Reviews of our own making, answered before the first one comes. Node compiles what has run often, and only then: without them,
 * the first thousand reviews of a new Pod take longer than those that follow.
 */
import { performance } from 'node:perf_hooks'
import { cmdArgs } from '../gunicorn/variables.ts'
import { defaultPreset, preset } from '../policy/presets.ts'
import { responder } from './respond.ts'
import type { Outcome } from './responder.ts'
import { readReview } from './review.ts'

const container = (command: readonly string[], more: object = {}): object => ({
  name: 'web',
  image: 'shop:1',
  command,
  ports: [{ containerPort: 8000 }],
  resources: { limits: { cpu: '1', memory: '512Mi' } },
  env: [{ name: 'DJANGO_SETTINGS_MODULE', value: 'shop.settings' }, { name: 'TOKEN',
    valueFrom: { secretKeyRef: { name: 'shop', key: 'token' } } }],
  readinessProbe: { httpGet: { path: '/healthz', port: 8000 } },
  volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
  ...more,
})

/** A command that lacks what the platform asks for, a script, one that is denied, and one that is not gunicorn's. */
const containers = [
  container(['gunicorn', 'shop.wsgi']),
  container(['sh', '-c', 'python manage.py migrate && exec gunicorn shop.wsgi --timeout 20']),
  container(['gunicorn', 'shop.wsgi', '-k', 'gevent', '-b', '127.0.0.1:8000'], { env: [{ name: cmdArgs, value: '--log-level debug' }] }),
  container(['celery', '-A', 'shop', 'worker']),
]

const reviews = containers.map((one, index) =>
  JSON.stringify({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: `warm-up-${index}`,
      operation: 'CREATE',
      namespace: 'shop',
      object: {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'shop', namespace: 'shop', labels: { app: 'shop' },
          annotations: { 'paddock.dev/requirements': 'django==5.0\ngunicorn==23.0.0\n' } },
        spec: {
          replicas: 2,
          selector: { matchLabels: { app: 'shop' } },
          template: { metadata: { labels: { app: 'shop' } }, spec: { containers: [one], volumes: [{ name: 'tmp', emptyDir: {} }] } },
        },
      },
    },
  })
)

/**
 * Answers reviews for about so many milliseconds, which holds up all else: as long as it takes until it gets no faster. Nothing of it is counted or logged.
 * @returns what came of them, and how often
 */
export function warmUp(milliseconds = 500): ReadonlyMap<Outcome, number> {
  const respond = responder(() => preset(defaultPreset))
  const outcomes = new Map<Outcome, number>()
  const end = performance.now() + milliseconds
  do {
    for (const text of reviews)
      for (const operation of ['mutate', 'validate'] as const) {
        const { response, outcome } = respond(operation, readReview(text))
        JSON.stringify(response)
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
      }
  } while (performance.now() < end)
  return outcomes
}
