// What the webhook is measured against: a plain Fastify server over HTTPS that parses the same review and lets it in.
import { readFileSync } from 'node:fs'
import fastify from 'fastify'

const [folder = '.', port = '0'] = process.argv.slice(2)
const app = fastify({ https: { key: readFileSync(`${folder}/tls.key`), cert: readFileSync(`${folder}/tls.crt`) } })

for (const path of ['/mutate', '/validate']) {
  app.post<{ Body: { request: { uid: string } } }>(path, async (request) => ({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    response: { uid: request.body.request.uid, allowed: true },
  }))
}

await app.listen({ host: '127.0.0.1', port: Number(port) })
