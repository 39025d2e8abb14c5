/** What is derived from the chart: its version, its schema, its page, the presets that it looks up, and deploy/'s plain manifests. */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { stringify } from 'yaml'
import manifest from '../package.json' with { type: 'json' }
import { workloadKinds } from '../src/kubernetes/kinds.ts'
import { webhooks } from '../src/operator/webhook-configurations.ts'
import { defaultPreset, preset, presetNames, presetObject } from '../src/policy/presets.ts'
import { valuesSchema, valuesTable } from './chart-values.ts'
import { helm, noHelm } from './helm.ts'

const root = dirname(import.meta.dirname)
const chart = 'charts/paddock'
const namespace = 'paddock'

/**
 * What helm reads of the chart; each file's path and text. These have to be written before `plainManifests` can be made.
 * @param mark says that a file is generated
 */
export function chartFiles(mark: string): [path: string, text: string][] {
  return [
    [`${chart}/Chart.yaml`, chartFile()],
    [`${chart}/values.schema.json`, valuesSchema(mark)],
    [`${chart}/files/presets.json`, presets()],
    [`${chart}/README.md`, page(mark)],
    ['deploy/webhook.yaml', byHand(mark)],
  ]
}

/** The version is that of package.json; the rest is written by hand. */
function chartFile(): string {
  const text = readFileSync(join(root, chart, 'Chart.yaml'), 'utf8')
  return text
    .replace(/^version: .*$/m, `version: ${manifest.version}`)
    .replace(/^appVersion: .*$/m, `appVersion: "${manifest.version}"`)
    .replace(/^(\s+image: paddock):.*$/m, `$1:${manifest.version}`)
    .replace(/^(\s+artifacthub\.io\/prerelease:) .*$/m, `$1 "${String(manifest.version.includes('-'))}"`)
}

/** Rule → action, for each preset: what templates/policies.yaml lowers. */
function presets(): string {
  const actions = presetNames.map((name) => {
    const rules = Object.entries(preset(name)?.rules ?? {})
    return [name, Object.fromEntries(
      rules.map(([id, { action, otherwise }]) => [id, action === 'Fix' && otherwise !== 'Warn' ? { action, otherwise } : action]),
    )]
  })
  return `${JSON.stringify(Object.fromEntries(actions), null, 2)}\n`
}

/** The page of charts/paddock on Artifact Hub. What is above the table is written by hand, in the page itself. */
function page(mark: string): string {
  const text = readFileSync(join(root, chart, 'README.md'), 'utf8')
  const [first, last] = [`<!-- values: ${mark} -->`, '<!-- /values -->']
  const from = text.indexOf('<!-- values:')
  const to = text.indexOf(last)
  if (from < 0 || to < from) throw new Error(`${chart}/README.md has lost its marks "<!-- values: … -->" and "${last}"`)
  return `${text.slice(0, from)}${first}\n\n${valuesTable()}\n\n${text.slice(to)}`
}

/**
 * What registers a webhook that was started by hand: the same as the operator would. It may serve by any policy, so that it is
 * asked about all that one may have something to say of.
 */
function byHand(mark: string): string {
  const served = workloadKinds.map((kind) => ({ kind,
    resource: { group: kind.group, version: 'v1', plural: `${kind.kind.toLowerCase()}s`, kind: kind.kind, namespaced: true } })
  )
  const settings = { name: 'paddock', namespace, failurePolicy: 'Ignore', timeout: 5, excludedNamespaces: [],
    url: 'https://WEBHOOK_ADDRESS' } as const
  const policy = presetObject(defaultPreset)
  const { mutating, validating } = webhooks(
    policy ? [{ ...policy, spec: { ...policy.spec, injection: 'Environment', existing: 'Fix' } }] : [],
    served,
    settings,
    'CA_BUNDLE',
  )
  const documents = [{ kind: 'MutatingWebhookConfiguration', hooks: mutating }, { kind: 'ValidatingWebhookConfiguration',
    hooks: validating }].map(({ kind, hooks }) =>
      stringify({ apiVersion: 'admissionregistration.k8s.io/v1', kind, metadata: { name: 'paddock' },
        webhooks: hooks.map(({ clientConfig, ...rest }) => ({ ...rest, clientConfig: { ...clientConfig, caBundle: 'CA_BUNDLE' } })) }, {
        lineWidth: 0,
      })
    )
  return `# ${mark}\n${registration}${documents.join('---\n')}`
}

const registration = `# Registers a webhook that was started by hand (\`paddock serve\`) with a cluster's API server. Fill in where the API
# server reaches it and the authority that signed its certificate, which \`--cert-dir\` holds:
#
#   paddock serve --host 192.0.2.7 --cert-dir certificates
#   sed "s|WEBHOOK_ADDRESS|192.0.2.7:8443|; s|CA_BUNDLE|$(base64 < certificates/ca.crt | tr -d '\\n')|" \\
#     deploy/webhook.yaml | kubectl apply -f -
#
# and take it away again before the webhook is stopped:
#
#   kubectl delete -f deploy/webhook.yaml
#
# A webhook that does not answer lets workloads in as they are. What keeps the cluster itself alive is never held back.
`

const about: Readonly<Record<string, string>> = {
  'deploy/paddock.yaml': `# Paddock ${manifest.version} in plain manifests, with certificates that the operator makes and renews itself:
#
#   kubectl apply --server-side -f deploy/paddock.yaml
#   kubectl apply --server-side -f deploy/policy.yaml
#
# Replace the image paddock:${manifest.version} by where your cluster finds it. docs/install.md tells more.
`,
  'deploy/paddock-cert-manager.yaml':
    `# Paddock ${manifest.version} in plain manifests, with certificates from cert-manager, which must be installed:
#
#   kubectl apply --server-side -f deploy/paddock-cert-manager.yaml
#   kubectl apply --server-side -f deploy/policy.yaml
#
# Replace the image paddock:${manifest.version} by where your cluster finds it. docs/install.md tells more.
`,
  'deploy/policy.yaml':
    `# The policy to start with: it warns of what the preset would fix or deny, and changes nothing. docs/rollout.md tells how to go on.
#
#   kubectl apply --server-side -f deploy/policy.yaml
#
# It is not in deploy/paddock.yaml because the API server has to know GunicornPolicies first.
`,
}

/** The Pods need nothing that `restricted` forbids. */
const namespaceObject = `---
apiVersion: v1
kind: Namespace
metadata:
  name: ${namespace}
  labels:
    app.kubernetes.io/name: paddock
    pod-security.kubernetes.io/enforce: restricted
`

/**
 * Plain manifests, as helm renders the chart; each file's path and text.
 * On a machine that cannot run helm there are none, and `log` is told so.
 */
export function plainManifests(mark: string, log: (line: string) => void): [path: string, text: string][] {
  if (noHelm !== undefined) {
    log(`deploy/ is neither rendered nor compared: ${noHelm}`)
    return []
  }
  const self = documents()
  const certManager = documents('--set=certificates.mode=CertManager')
  const isPolicy = (document: string): boolean => /^kind: GunicornPolicy$/m.test(document)
  const file = (path: string, ...parts: string[]): [string, string] => [path, `# ${mark}\n${about[path] ?? ''}${parts.join('')}`]
  return [
    file('deploy/paddock.yaml', namespaceObject, ...self.filter((document) => !isPolicy(document))),
    file('deploy/paddock-cert-manager.yaml', namespaceObject, ...certManager.filter((document) => !isPolicy(document))),
    file('deploy/policy.yaml', ...self.filter(isPolicy)),
  ]
}

/** The objects that helm would install, without its hooks, and without the labels that say that helm did. */
function documents(...args: string[]): string[] {
  const text = helm('template', 'paddock', chart, `--namespace=${namespace}`, '--include-crds', '--no-hooks', ...args)
  return text
    .replaceAll(/^# Source: .*\n/gm, '')
    .replaceAll(/^ *(app\.kubernetes\.io\/managed-by: Helm|helm\.sh\/chart: .*)\n/gm, '')
    .split(/^---\n/m)
    .filter((document) => document.trim() !== '')
    .map((document) => `---\n${document.trimEnd()}\n`)
}
