/**
 * CEL that keeps the API server from calling the webhook for objects that cannot start gunicorn.
 *
 * An expression that cannot be evaluated, or costs too much, refuses the object under failurePolicy Fail: so nothing here hangs
 * on a field that may be missing, and what is too long to be looked through is sent to the webhook.
 * Costs: k8s.io/apiserver/pkg/apis/cel, a million an expression and 2.5 million a webhook; a traversed character costs 0.1.
 */

/** admissionregistration.k8s.io/v1 MatchCondition: the webhook is called where all expressions are true. */
export interface MatchCondition {
  readonly name: string
  readonly expression: string
}

/**
 * The controllers of kube-controller-manager that make one workload out of another, by the user that they write as. Nobody else
 * can be that user who could not do as they please in kube-system.
 */
const controllers: readonly { readonly name: string; readonly makes: string; readonly outOf: string }[] = [
  { name: 'replicaset-controller', makes: 'Pod', outOf: 'ReplicaSet' },
  { name: 'replication-controller', makes: 'Pod', outOf: 'ReplicationController' },
  { name: 'statefulset-controller', makes: 'Pod', outOf: 'StatefulSet' },
  { name: 'daemon-set-controller', makes: 'Pod', outOf: 'DaemonSet' },
  { name: 'job-controller', makes: 'Pod', outOf: 'Job' },
  { name: 'deployment-controller', makes: 'ReplicaSet', outOf: 'Deployment' },
  { name: 'cronjob-controller', makes: 'Job', outOf: 'CronJob' },
]

const user = (name: string): string => `system:serviceaccount:kube-system:${name}`
/** Where kube-controller-manager runs without `--use-service-account-credentials`, all of its controllers are this user. */
const withoutAccounts = 'system:kube-controller-manager'

/** What of a policy says which kinds it governs, and whether an owner and what it owns are governed alike. */
export interface Coverage {
  /** Undefined for every kind. */
  readonly kinds: readonly string[] | undefined
  readonly hasWorkloadSelector: boolean
  /** True where an image that starts gunicorn by itself is looked at, too: its settings go into variables. */
  readonly readsImages?: boolean
}

/** The conditions of both webhooks, for policies of this coverage. */
export function matchConditions(policies: readonly Coverage[]): MatchCondition[] {
  const reviewed = controllers.filter(({ makes, outOf }) => policies.every((policy) => isReviewedAsOwner(policy, makes, outOf)))
  const users = [...reviewed.map(({ name }) => user(name)), ...(reviewed.length === controllers.length ? [withoutAccounts] : [])]
  return [
    ...(users.length > 0 ? [{ name: 'not-by-a-controller-of-reviewed-owners', expression: `!(request.userInfo.username in ${list(users)})` }] : []),
    { name: 'not-a-mirror-pod', expression: notAMirrorPod },
    { name: 'not-being-deleted', expression: 'object.?metadata.?deletionTimestamp.orValue(null) == null' },
    { name: 'may-start-gunicorn', expression: policies.some(({ readsImages }) => readsImages) ? `${mayStartGunicorn} || ${saysGunicorn}` : mayStartGunicorn },
  ]
}

/** A policy that governs what a controller makes has to govern what it makes it out of: by kind, and not by labels, which differ. */
const isReviewedAsOwner = ({ kinds, hasWorkloadSelector }: Coverage, makes: string, outOf: string): boolean =>
  kinds === undefined ? !hasWorkloadSelector : !kinds.includes(makes) || (kinds.includes(outOf) && !hasWorkloadSelector)

const list = (texts: readonly string[]): string => `[${texts.map((text) => `'${text}'`).join(', ')}]`

/** The kubelet's image in the API of a Pod that it has from a file. Only of a node is that believed: anyone can write the annotation. */
const notAMirrorPod =
  `!(request.userInfo.username.startsWith('system:node:') && 'kubernetes.io/config.mirror' in object.?metadata.?annotations.orValue({}))`

/** So many containers of a list, and words or variables of a container, are looked through. */
const mostContainers = 40
const mostItems = 200
/** Characters of a word that patterns are tried on. */
const longest = 100_000

/** The PodSpec, wherever its kind has it: PodTemplate, CronJob, all that have a template, Pod. */
const podSpec =
  'object.?template.?spec.or(object.?spec.?jobTemplate.?spec.?template.?spec).or(object.?spec.?template.?spec).or(object.?spec)'

/** True where one item of a list at least is as it says; or where there are too many to look. A list that is missing or null has none. */
const some = (listOfValue: string, item: string, is: string, most: number): string =>
  `${listOfValue}.exists(l, l.orValue(null) != null && (size(l.value()) > ${most} || l.value().exists(${item}, ${is})))`

const someWord = (is: string): string => some('[c.?command, c.?args]', 'w', is, mostItems)
const someVariable = (is: string): string => some('[c.?env]', 'e', is, mostItems)

/**
 * What src/inspect.ts looks for. A word that says gunicorn, wherever: in a list, in a script, in an argument of a wrapper. Or one
 * that says it once `$(VAR)` is expanded: in a script, where `$(` may begin anything, it is not looked for; outside of one the
 * name is in a variable, or is put together at the edge of an expansion, which stands between `/`, `=`, `:` and the like as a rule.
 * A variable that says gunicorn may be brought in by a shell, or `env -S`, wherever a word says `$`.
 */
const mayStartGunicorn =
  `${podSpec}.optMap(pod, ${some('[pod.?initContainers, pod.?containers, pod.?ephemeralContainers]', 'c', container(), mostContainers)}).orValue(false)` +
  ` || ${isOfPlatform()}`

/**
 * What src/kubernetes/hidden-command.ts says is not in sight, where there need be no word: of a BkApp, whose processes share their
 * variables, each is asked about. A label can only add to what is asked about.
 */
function isOfPlatform(): string {
  const labels = "['bkapp.paas.bk.tencent.com/resource-type', 'process_id', 'korifi.cloudfoundry.org/process-type']"
  return [
    "object.?kind.orValue('') == 'BkApp'",
    `[object.?metadata.?labels, object.?spec.?template.?metadata.?labels].exists(l, l.orValue(null) != null && ${labels}.exists(n, n in l.value()))`,
    "'dokku.com/managed' in object.?metadata.?annotations.orValue({})",
  ].join(' || ')
}

/** What src/injection/invocations.ts asks of a workload whose command does not say gunicorn, wherever its Pods' metadata stands. */
const saysGunicorn =
  `[${['', '.?template', '.?spec.?template', '.?spec.?jobTemplate.?spec.?template'].map((template) => `object${template}.?metadata.?annotations`).join(', ')}]` +
  ".exists(m, m.orValue(null) != null && ['paddock.dev/gunicorn', 'paddock.dev/requirements'].exists(a, a in m.value()))"

function container(): string {
  const variable = `e.?value.orValue('')`
  const isShell = (text: string): string => `${text}.endsWith('sh')`
  const expansion = [
    someWord(isShell('w')),
    someVariable(`${variable}.contains('$(') || ${isShell(variable)}`),
    // A short pattern is a cheap one. `x$(`, `)x`, `)$(`
    someWord(String.raw`size(w) > ${longest} || w.matches(r'\w\$') || w.matches(r'\)\w') || w.matches(r'\)\$')`),
  ]
  // A process of the image, by its name or that of what starts it.
  const process = `[c.?command, c.?args].exists(l, l.orValue(null) != null && size(l.value()) > 0 && type(l.value()[0]) == string && (l.value()[0] in ['web', 'launcher', '/start', '/runner/init'] || l.value()[0].startsWith('/cnb/')))`
  const broughtIn = `(${someVariable(`${variable}.contains('gunicorn')`)} && ${someWord(`w.contains('$')`)})`
  return `${someWord(`w.contains('gunicorn')`)} || ${process} || ${broughtIn} || (${someWord(`w.contains('$(')`)} && (${expansion.join(' || ')}))`
}
