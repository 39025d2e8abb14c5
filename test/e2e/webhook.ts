import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import type { Cluster } from '../cluster/cluster.ts'
import { startProgram, untilReady } from '../cluster/program.ts'

const repository = join(import.meta.dirname, '../..')
/** How the webhook is started. */
const command = [process.execPath, join(repository, 'dist/paddock.js'), 'serve'] as const
/** What it says once it is ready. */
const ready = /^paddock: serving on https:\/\/(\S+)$/m

export type Webhook = {
  /** `host:port` */
  address: string
  /** The certificate of the authority that signed the webhook's own, in PEM. */
  authority: Buffer
  output(): Promise<string>
  stop(): Promise<void>
}

/** Starts the real webhook on a free port, with a certificate that it makes itself in `folder`, and these flags. */
export async function startWebhook(host: string, folder: string, flags: readonly string[] = []): Promise<Webhook> {
  const [node, ...first] = command
  const args = [...first, '--host', host, '--port', '0', '--cert-dir', folder, ...flags]
  const program = startProgram(node, args, { logFile: join(folder, 'webhook.log') })
  try {
    await untilReady('the webhook', program, async () => ready.test(await program.output()), 30)
    const [, address = ''] = ready.exec(await program.output()) ?? []
    return { address, authority: await readFile(join(folder, 'ca.crt')), output: program.output, stop: program.stop }
  } catch (error) {
    await program.stop()
    throw error
  }
}

type Configuration = {
  metadata: { name: string }
  webhooks: { failurePolicy: string; timeoutSeconds?: number; namespaceSelector: { matchExpressions: object[] } }[]
}

/**
 * The configurations of deploy/webhook.yaml that register a webhook, under the name of the suite's namespace, and such
 * that a fault of the webhook fails the tests, unless it is said to be let in. In a cluster that others use too, only that namespace is concerned.
 */
export async function webhookConfigurations(
  webhook: Webhook,
  source: Cluster['source'],
  namespace: string,
  { failurePolicy = 'Fail', timeoutSeconds }: { readonly failurePolicy?: 'Fail' | 'Ignore'; readonly timeoutSeconds?: number } = {},
): Promise<object> {
  const template = await readFile(join(repository, 'deploy/webhook.yaml'), 'utf8')
  const text = template
    .replaceAll('WEBHOOK_ADDRESS', webhook.address)
    .replaceAll('CA_BUNDLE', webhook.authority.toString('base64'))
  const items = parseAllDocuments(text).map((document) => document.toJS() as Configuration)
  for (const configuration of items) {
    configuration.metadata.name = namespace
    for (const hook of configuration.webhooks) {
      hook.failurePolicy = failurePolicy
      if (timeoutSeconds !== undefined) hook.timeoutSeconds = timeoutSeconds
      if (source === 'PADDOCK_TEST_KUBECONFIG') {
        const only = { key: 'kubernetes.io/metadata.name', operator: 'In', values: [namespace] }
        hook.namespaceSelector.matchExpressions.push(only)
      }
    }
  }
  return { apiVersion: 'v1', kind: 'List', items }
}
