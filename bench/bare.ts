// What the webhook is measured against: a plain Fastify server over HTTPS that parses the same review and lets it in,
// with a patch that is always the same where one is given.
import { readFileSync } from 'node:fs'
import fastify from 'fastify'

const [folder = '.', port = '0', patchFile] = process.argv.slice(2)
const patch = patchFile === undefined ? {} : { patchType: 'JSONPatch', patch: readFileSync(patchFile).toString('base64') }
const app = fastify({ https: { key: readFileSync(`${folder}/tls.key`), cert: readFileSync(`${folder}/tls.crt`) } })

for (const [path, more] of [['/mutate', patch], ['/validate', {}]] as const) {
  app.post<{ Body: { request: { uid: string } } }>(path, async (request) => ({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    response: { uid: request.body.request.uid, allowed: true, ...more },
  }))
}

await app.listen({ host: '127.0.0.1', port: Number(port) })
