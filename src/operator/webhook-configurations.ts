/**
 * What both webhook configurations say: which requests the API server sends to the webhook, and whom it trusts there.
 * Derived from the policies and settings. Pure.
 */
import type { LabelSelector } from '../kubernetes/labels.ts'
import type { PolicyObject } from '../policy/gunicorn-policy.ts'
import { nothing, override, type Action, type RulePolicy } from '../policy/policy.ts'
import { defaultPreset, preset } from '../policy/presets.ts'
import { soundPolicy } from '../policy/sound.ts'
import type { KubernetesObject, OwnerReference } from '../cluster/cluster.ts'
import { matchConditions, type MatchCondition } from './match-conditions.ts'
import type { ServedKind } from '../cluster/workloads.ts'

export interface ConfigurationSettings {
  /** Of both configurations; the Service is called NAME-webhook. */
  readonly name: string
  readonly namespace: string
  readonly failurePolicy: 'Ignore' | 'Fail'
  /** Seconds, 1 to 30. */
  readonly timeout: number
  /** Namespaces that are left out besides the system's and Paddock's own. */
  readonly excludedNamespaces: readonly string[]
  /** Where the webhook is called in place of the Service. */
  readonly url: string | undefined
}

interface Rule {
  readonly apiGroups: readonly string[]
  readonly apiVersions: readonly string[]
  readonly resources: readonly string[]
  readonly operations: readonly ('CREATE' | 'UPDATE')[]
  readonly scope: 'Namespaced'
}

/** admissionregistration.k8s.io/v1 MutatingWebhook and ValidatingWebhook, with every field that the API server would fill in. */
export interface Webhook {
  readonly name: string
  readonly admissionReviewVersions: readonly string[]
  readonly clientConfig: {
    readonly service?: { readonly name: string; readonly namespace: string; readonly path: string; readonly port: number }
    readonly url?: string
    /** PEM in base64. */
    readonly caBundle?: string
  }
  readonly rules: readonly Rule[]
  readonly failurePolicy: 'Ignore' | 'Fail'
  readonly matchPolicy: 'Equivalent'
  readonly namespaceSelector: LabelSelector
  /** Empty: whoever writes an object writes its labels, and could pass by. */
  readonly objectSelector: object
  readonly sideEffects: 'None'
  readonly timeoutSeconds: number
  readonly matchConditions: readonly MatchCondition[]
  /** Of the mutating one only. */
  readonly reinvocationPolicy?: 'IfNeeded'
}

export interface WebhookConfiguration extends KubernetesObject {
  /** The API server leaves an empty list out. */
  readonly webhooks?: readonly Webhook[]
}

/** The label of a namespace that is left out where it is `disabled`. */
const admissionLabel = 'paddock.dev/admission'

const systemNamespaces = ['kube-system', 'kube-node-lease']

/** What a policy can come to: its own words, and those of its preset. */
interface Acting {
  readonly actions: ReadonlySet<Action>
  readonly match: NonNullable<PolicyObject['spec']['match']>
  readonly readsImages: boolean
  readonly asksForCommands: boolean
  readonly mendsExisting: boolean
}

/** The webhooks of both configurations: none where no policy has anything to say at admission. */
export function webhooks(
  policies: readonly PolicyObject[],
  served: readonly ServedKind[],
  settings: ConfigurationSettings,
  bundle: string,
): { readonly mutating: readonly Webhook[]; readonly validating: readonly Webhook[] } {
  const all = policies.map(actingPart)
  // A word of one policy may hold for the rules of another.
  const mendsExisting = all.some((one) => one.mendsExisting)
  const acting = all.filter(({ actions }) => ['Audit', 'Warn', 'Fix', 'Deny'].some((action) => actions.has(action as Action)))
  const fixing = acting.filter(({ actions }) => actions.has('Fix'))
  const webhook = (kind: 'mutate' | 'validate', by: readonly Acting[]): Webhook[] => {
    const rules = rulesFor(kind, by, served)
    if (rules.length === 0) return []
    return [{
      name: `${kind}.paddock.dev`,
      admissionReviewVersions: ['v1'],
      clientConfig: { ...address(`/${kind}`, settings), ...(bundle === '' ? {} : { caBundle: Buffer.from(bundle).toString('base64') }) },
      rules,
      failurePolicy: settings.failurePolicy,
      matchPolicy: 'Equivalent',
      namespaceSelector: namespaceSelector(by, settings),
      objectSelector: {},
      sideEffects: 'None',
      timeoutSeconds: settings.timeout,
      matchConditions: matchConditions(kind, by, mendsExisting),
      // What another webhook adds afterwards, such as a container, is fixed too. What is fixed already stays as it is.
      ...(kind === 'mutate' ? { reinvocationPolicy: 'IfNeeded' } : {}),
    }]
  }
  return { mutating: webhook('mutate', fixing), validating: webhook('validate', acting) }
}

/** A policy that cannot be read as to whom it governs governs nobody. */
function actingPart(object: PolicyObject): Acting {
  const { policy } = soundPolicy(object)
  if (!policy) return { actions: new Set(), match: {}, readsImages: false, asksForCommands: false, mendsExisting: false }
  // Of several policies, the preset of another may hold for this one: that one then acts by it.
  const { rules, injection, existing, dependencies } = override(preset(policy.spec.preset ?? defaultPreset) ?? nothing,
    policy.metadata.name, policy.spec)
  return { actions: new Set(Object.values(rules).flatMap(({ action, otherwise }) => (action === 'Fix' ? [action, otherwise] : [action]))),
    match: policy.spec.match ?? {}, readsImages: injection === 'Environment', // What an image starts by itself is in no word of the object.
    asksForCommands: isTold(rules['unresolved-command']) || dependencies.images === 'Always', mendsExisting: existing === 'Fix' }
}

function address(path: string, { name, namespace, url }: ConfigurationSettings): Webhook['clientConfig'] {
  return url === undefined ? { service: { name: `${name}-webhook`, namespace, path, port: 443 } } : { url: `${url}${path}` }
}

/**
 * A rule for each group, and for each of its kinds that can change and that cannot: an update of the latter brings nothing new,
 * but for the containers that a Pod gets for debugging. Those are judged, and never mended.
 */
function rulesFor(operation: 'mutate' | 'validate', by: readonly Acting[], served: readonly ServedKind[]): Rule[] {
  const isGoverned = ({ kind: { kind } }: ServedKind) => by.some(({ match }) => match.kinds === undefined || match.kinds.includes(kind))
  const alike = Map.groupBy(served.filter(isGoverned),
    ({ kind }) => `${kind.group}/${kind.immutable === true ? 'CREATE' : 'CREATE,UPDATE'}`)
  const ephemeral = operation === 'validate' && served.some((one) => one.kind.kind === 'Pod' && isGoverned(one)) ? [ephemeralContainers]
    : []
  return [...alike].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, kinds]): Rule => {
    const [group = '', operations = ''] = key.split('/')
    return {
      apiGroups: [group],
      // A PodSpec stands at the same place in all of them.
      apiVersions: ['*'],
      resources: kinds.map(({ resource }) => resource.plural).sort(),
      operations: operations.split(',') as Rule['operations'],
      scope: 'Namespaced',
    }
  }).concat(ephemeral)
}

const ephemeralContainers: Rule = { apiGroups: [''], apiVersions: ['*'], resources: ['pods/ephemeralcontainers'], operations: ['UPDATE'],
  scope: 'Namespaced' }

/** Never the system's namespaces nor Paddock's own; and where all policies select the same namespaces, no others. */
function namespaceSelector(by: readonly Acting[], { namespace, excludedNamespaces }: ConfigurationSettings): LabelSelector {
  const excluded = [...new Set([...systemNamespaces, namespace, ...excludedNamespaces])].sort()
  const selectors = by.map(({ match }) => match.namespaceSelector)
  const common = new Set(selectors.map((selector) => JSON.stringify(selector))).size === 1 ? selectors[0] : undefined
  return {
    ...(common?.matchLabels && Object.keys(common.matchLabels).length > 0 ? { matchLabels: common.matchLabels } : {}),
    matchExpressions: [
      { key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: excluded },
      { key: admissionLabel, operator: 'NotIn', values: ['disabled'] },
      ...(common?.matchExpressions ?? []),
    ],
  }
}

/** What a configuration is to be, given what stands there: labels and annotations of others are left alone. */
export function configuration(
  kind: 'MutatingWebhookConfiguration' | 'ValidatingWebhookConfiguration',
  name: string,
  hooks: readonly Webhook[],
  owner: OwnerReference | undefined,
  standing?: WebhookConfiguration,
): WebhookConfiguration {
  const owners = (standing?.metadata.ownerReferences ?? []).filter(({ uid, kind: other, name: named }) =>
    uid !== owner?.uid && !(other === owner?.kind && named === owner.name)
  )
  return {
    ...(standing ?? { apiVersion: 'admissionregistration.k8s.io/v1', kind }),
    metadata: {
      ...(standing?.metadata ?? { name }),
      labels: { ...standing?.metadata.labels, ...labels(name) },
      ...(owner || owners.length > 0 ? { ownerReferences: [...owners, ...(owner ? [owner] : [])] } : {}),
    },
    webhooks: hooks,
  }
}

/** The labels of what the operator makes. */
export const labels = (name: string): Readonly<Record<string, string>> => ({ 'app.kubernetes.io/name': 'paddock',
  'app.kubernetes.io/instance': name, 'app.kubernetes.io/managed-by': 'paddock-operator' })

/** True where a configuration says what it is to say, whatever the order of its fields. */
export function isUpToDate(standing: WebhookConfiguration, wanted: WebhookConfiguration): boolean {
  const told = ({ metadata: { labels, ownerReferences = [] }, webhooks: hooks = [] }: WebhookConfiguration) => ({ labels, ownerReferences,
    hooks })
  return sorted(told(standing)) === sorted(told(wanted))
}

const sorted = (value: unknown): string =>
  JSON.stringify(value, (_key, one: unknown) =>
    typeof one === 'object' && one !== null && !Array.isArray(one)
      ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1))) : one)

/** Whether more is done about a finding that has no fix than to note it for the scan to tell. */
function isTold(rule: RulePolicy | undefined): boolean {
  const action = rule?.action === 'Fix' ? rule.otherwise : rule?.action
  return action === 'Warn' || action === 'Deny'
}
