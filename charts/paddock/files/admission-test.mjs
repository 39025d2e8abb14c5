// What `helm test` runs: is the webhook reached through its Service, and does the API server ask it?
import { readFileSync } from 'node:fs'
import { request } from 'node:https'

const { SERVICE, ADDRESS, PORT, NAMESPACE, GOVERNED, KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = process.env
const account = '/var/run/secrets/kubernetes.io/serviceaccount'

process.on('uncaughtException', (error) => {
  console.error(`failed: ${error.message}`)
  process.exit(1)
})

function call(url, options, body) {
  return new Promise((resolve, reject) => {
    const asked = request(url, { timeout: 10_000, ...options }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (part) => (text += part))
      response.on('end', () => resolve({ status: response.statusCode, warnings: response.headers.warning ?? '', text }))
    })
    asked.on('timeout', () => asked.destroy(new Error(`${url}: no answer in 10 seconds`)))
    asked.on('error', reject)
    asked.end(body)
  })
}

function check(what, holds, answer) {
  if (!holds) throw new Error(`${what}: ${JSON.stringify(answer)}`)
  console.log(`ok: ${what}`)
}

const url = (address, port, path) => `https://${address.includes(':') ? `[${address}]` : address}:${port}${path}`
const ready = await call(url(ADDRESS, PORT, '/readyz'), { servername: SERVICE, ca: readFileSync('/certificates/ca.crt') })
check('the webhook is ready, reached through its Service with a certificate that its authority signed', ready.status === 200, ready)

const deployment = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'paddock-test', namespace: NAMESPACE },
  spec: {
    selector: { matchLabels: { app: 'paddock-test' } },
    template: {
      metadata: { labels: { app: 'paddock-test' } },
      spec: { containers: [{ name: 'web', image: 'web', command: ['gunicorn', '-b', '127.0.0.1:8000', 'wsgi'] }] },
    },
  },
}
const answer = await call(
  url(host, port, `/apis/apps/v1/namespaces/${NAMESPACE}/deployments?dryRun=All`),
  {
    method: 'POST',
    ca: readFileSync(`${account}/ca.crt`),
    headers: { authorization: `Bearer ${readFileSync(`${account}/token`, 'utf8')}`, 'content-type': 'application/json' },
  },
  JSON.stringify(deployment),
)
check('the API server took the Deployment of the dry run, or Paddock denied it', answer.status === 201 || answer.text.includes('GunicornPolicy'), answer)
if (GOVERNED === 'true')
  check('a gunicorn that listens on loopback is warned of or denied', `${answer.warnings}${answer.text}`.includes('loopback-bind'), answer)
