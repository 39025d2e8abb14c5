/** An API server that presents a client certificate to webhooks, as docs/install.md tells it to, and a webhook that asks for one. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { clientAuthority, clientCertificate } from '../client-certificate.ts'
import { pause } from '../cluster/program.ts'
import { kubectlFor, sharedCluster, succeed, type Answer, type Kubectl } from './kubectl.ts'
import { startOwnCluster, type OwnCluster } from './own-cluster.ts'
import { startWebhook, webhookConfigurations, type Webhook } from './webhook.ts'
import { workload, type Container } from './workloads.ts'

const suite = sharedCluster() === undefined ? describe.skip : describe

suite('a webhook that asks for client certificates', () => {
  const authority = clientAuthority()
  const loopback = { command: ['gunicorn', 'wsgi', '-b', '127.0.0.1:8000'] }
  const namespace = 'paddock-client-ca'
  let own: OwnCluster
  let webhook: Webhook
  let kubectl: Kubectl
  let folder: string

  beforeAll(async () => {
    own = await startOwnCluster()
    folder = await mkdtemp(join(tmpdir(), 'paddock-client-ca-'))
    kubectl = kubectlFor({ ...sharedCluster()!, kubeconfig: own.kubeconfig }, namespace, folder)
    await succeed(kubectl(['create', 'namespace', namespace]))
    const certificates = join(folder, 'serving')
    await mkdir(certificates)
    await writeFile(join(folder, 'clients.crt'), authority.cert)
    webhook = await startWebhook('127.0.0.1', certificates, ['--client-ca', join(folder, 'clients.crt')])
    await succeed(kubectl(['create', '-f', '-'], await webhookConfigurations(webhook, 'go', namespace)))
  }, 180_000)
  afterAll(async () => {
    await webhook?.stop()
    await own?.stop()
    await rm(folder, { recursive: true, force: true })
  }, 120_000)

  const create = (container: Omit<Container, 'name'>) =>
    kubectl(['create', '--dry-run=server', '-f', '-'], workload('Deployment', container))

  /** The configuration reaches the API server when it does. */
  async function until(is: (answer: Answer) => boolean): Promise<Answer> {
    for (;;) {
      const answer = await create(loopback)
      if (is(answer)) return answer
      await pause(200)
    }
  }

  test('turns away an API server that presents none', async () => {
    const { stderr } = await until(({ status }) => status !== 0)
    expect(stderr).toContain('failed calling webhook')
    expect(stderr).toContain('a client certificate must be presented that is signed by an authority of --client-ca')
  })

  test('answers one that does, whatever the size of what it asks', async () => {
    const { cert, key } = clientCertificate(authority)
    await writeFile(join(folder, 'client.crt'), cert)
    await writeFile(join(folder, 'client.key'), key)
    const users = [{ name: webhook.address,
      user: { 'client-certificate': join(folder, 'client.crt'), 'client-key': join(folder, 'client.key') } }]
    await writeFile(join(folder, 'kubeconfig'), JSON.stringify({ apiVersion: 'v1', kind: 'Config', users }))
    const configuration = { apiVersion: 'apiserver.config.k8s.io/v1', kind: 'WebhookAdmissionConfiguration',
      kubeConfigFile: join(folder, 'kubeconfig') }
    const plugins = ['MutatingAdmissionWebhook', 'ValidatingAdmissionWebhook'].map((name) => ({ name, configuration }))
    await writeFile(join(folder, 'admission.json'),
      JSON.stringify({ apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AdmissionConfiguration', plugins }))
    await own.controlPlane.restart('kube-apiserver', { 'admission-control-config-file': join(folder, 'admission.json') })

    const { stderr } = await until(({ stderr: said }) => !said.includes('failed calling webhook') && said !== '')
    expect(stderr).toMatch(/denied the request: violates GunicornPolicy "blueking": .*\[loopback-bind\]/)
    const large = await create({ ...loopback,
      env: Array.from({ length: 20 }, (_, index) => ({ name: `BULK${index}`, value: 'x'.repeat(50_000) })) })
    expect(large.stderr).toMatch(/denied the request: violates GunicornPolicy "blueking": .*\[loopback-bind\]/)
    expect(await succeed(create({ command: ['gunicorn', 'wsgi'] }))).toContain('created (server dry run)')
  }, 120_000)
})
