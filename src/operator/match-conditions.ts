/**
 * CEL that keeps the API server from calling the webhook for objects that cannot start gunicorn.
 *
 * An expression that cannot be evaluated, or costs too much, refuses the object under failurePolicy Fail: so nothing here hangs
 * on a field that may be missing, and what is too long to be looked through is sent to the webhook.
 * Costs: k8s.io/apiserver/pkg/apis/cel, a million an expression and 2.5 million a webhook; a traversed character costs 0.1.
 */

import { cmdArgs } from '../gunicorn/variables.ts'
import { controllerUsers, makers, userOf, withoutAccounts } from '../kubernetes/controllers.ts'
import { isReviewedAsOwner } from '../policy/made.ts'
import type { PolicySpec } from '../policy/policies.ts'

/** admissionregistration.k8s.io/v1 MatchCondition: the webhook is called where all expressions are true. */
export interface MatchCondition {
  readonly name: string
  readonly expression: string
}

/** What of a policy hangs together with who is asked about. */
export interface Coverage {
  readonly match: PolicySpec['match']
  /** True where an image that starts gunicorn by itself is looked at, too: its settings go into variables. */
  readonly readsImages?: boolean
  /** True where something is done about a container whose command is not in sight, so that each has to be seen. */
  readonly asksForCommands?: boolean
}

/**
 * The conditions of a webhook, for policies of this coverage.
 * @param mendsExisting whether an update may be mended that leaves the template alone
 */
export function matchConditions(operation: 'mutate' | 'validate', policies: readonly Coverage[], mendsExisting = false): MatchCondition[] {
  return [
    ...(operation === 'mutate' ? mendedByNobody(mendsExisting) : judgedAlready(policies)),
    { name: 'not-a-mirror-pod', expression: notAMirrorPod },
    { name: 'not-being-deleted', expression: 'object.?metadata.?deletionTimestamp.orValue(null) == null' },
    ...(operation === 'validate' && policies.some(({ asksForCommands }) => asksForCommands) ? []
      : [{ name: 'may-start-gunicorn',
        expression: policies.some(({ readsImages }) => readsImages) ? `${mayStartGunicorn} || ${saysGunicorn}` : mayStartGunicorn }]),
  ]
}

/**
 * What the cluster's controllers make stays what they made it, whatever the policies say: a ReplicaSet that differs from its
 * Deployment is made again without end. And an update that leaves the template alone replaces no Pods.
 */
function mendedByNobody(mendsExisting: boolean): MatchCondition[] {
  return [
    { name: 'not-by-a-controller-of-the-cluster', expression: `!(request.userInfo.username in ${list(controllerUsers)})` },
    ...(mendsExisting ? [] : [{ name: 'brings-a-template', expression: bringsTemplate }]),
  ]
}

/**
 * What the cluster's controllers write later goes through. What they make is judged where a policy has not judged what they make
 * it of.
 */
function judgedAlready(policies: readonly Coverage[]): MatchCondition[] {
  const reviewed = makers.filter(({ makes, outOf }) => policies.every(({ match }) => isReviewedAsOwner(match, makes, outOf)))
  const users = [...reviewed.map(({ name }) => userOf(name)), ...(reviewed.length === makers.length ? [withoutAccounts] : [])]
  return [
    { name: 'not-an-update-by-a-controller-of-the-cluster',
      expression: `!(request.operation == 'UPDATE' && request.userInfo.username in ${list(controllerUsers)})` },
    ...(users.length > 0
      ? [{ name: 'not-by-a-controller-of-reviewed-owners', expression: `!(request.userInfo.username in ${list(users)})` }] : []),
  ]
}

const list = (texts: readonly string[]): string => `[${texts.map((text) => `'${text}'`).join(', ')}]`

/** The kubelet's image in the API of a Pod that it has from a file. Only of a node is that believed: anyone can write the annotation. */
const notAMirrorPod =
  `!(request.userInfo.username.startsWith('system:node:') && 'kubernetes.io/config.mirror' in object.?metadata.?annotations.orValue({}))`

/** So many containers of a list, and words or variables of a container, are looked through. */
const mostContainers = 40
const mostItems = 200
/** Characters of a word that patterns are tried on. */
const longest = 100_000

/**
 * An optional value at a path. Of a definition that lets anything pass, lists may stand where objects are meant, which a plain
 * `.?name` fails on.
 */
const at = (root: string, ...[first, ...path]: readonly string[]): string =>
  path.reduce((value, name) => `${value}.optMap(v, type(v) == map ? v.?${name} : optional.none()).orValue(optional.none())`,
    `${root}.?${first}`)

/** Where kinds have their templates: PodTemplate, CronJob, and all others but Pod. */
const templates = [['template'], ['spec', 'jobTemplate', 'spec', 'template'], ['spec', 'template']]

/** The first of these that there is. */
const firstOf = ([first, ...others]: readonly string[]): string => `${first}${others.map((other) => `.or(${other})`).join('')}`

/** The template, wherever its kind has it. */
const template = (object: string): string => firstOf(templates.map((path) => at(object, ...path)))

/** The processes of a BkApp are no template. */
const bringsTemplate = `request.operation != 'UPDATE' || object.?kind.orValue('') == 'BkApp' || ${template('object')} != ${
  template('oldObject')
}`

/** The PodSpec, wherever its kind has it: in a template, or a Pod's own. */
const podSpec = firstOf([...templates.map((path) => at('object', ...path, 'spec')), 'object.?spec'])

/**
 * True where one item of a list at least is as it says; or where there are too many to look, or it is no list, which the webhook
 * has something to say of. A list that is missing or null has none.
 */
const some = (listOfValue: string, item: string, is: string, most: number): string =>
  `${listOfValue}.exists(l, l.orValue(null) != null && (type(l.value()) != list || size(l.value()) > ${most} || l.value().exists(${item}, ${is})))`

const someWord = (is: string): string => some('[c.?command, c.?args]', 'w', `type(w) != string || (${is})`, mostItems)
const someVariable = (is: (value: string) => string): string => {
  const value = 'e.?value.orValue(null)'
  return some('[c.?env]', 'e', `type(e) != map || (${value} != null && (type(${value}) != string || (${is(value)})))`, mostItems)
}

/**
 * What src/inspect.ts looks for. A word that says gunicorn, wherever: in a list, in a script, in an argument of a wrapper. Or one
 * that says it once `$(VAR)` is expanded: in a script, where `$(` may begin anything, it is not looked for; outside of one the
 * name is in a variable, or is put together at the edge of an expansion, which stands between `/`, `=`, `:` and the like as a rule.
 * A variable that says gunicorn may be brought in by a shell, or `env -S`, wherever a word says `$`.
 */
const mayStartGunicorn =
  `${podSpec}.optMap(pod, type(pod) == map && ${
    some('[pod.?initContainers, pod.?containers, pod.?ephemeralContainers]', 'c', `type(c) != map || (${container()})`, mostContainers)
  }).orValue(false)` +
  ` || ${isOfPlatform()}`

/**
 * What src/kubernetes/hidden-command.ts says is not in sight, where there need be no word: of a BkApp, whose processes share their
 * variables, each is asked about. A label can only add to what is asked about.
 */
function isOfPlatform(): string {
  const labels = "['bkapp.paas.bk.tencent.com/resource-type', 'process_id', 'korifi.cloudfoundry.org/process-type']"
  return [
    "object.?kind.orValue('') == 'BkApp'",
    `[object.?metadata.?labels, ${
      at('object', 'spec', 'template', 'metadata', 'labels')
    }].exists(l, type(l.orValue(null)) == map && ${labels}.exists(n, n in l.value()))`,
    "'dokku.com/managed' in object.?metadata.?annotations.orValue({})",
  ].join(' || ')
}

/** What src/injection/invocations.ts asks of a workload whose command does not say gunicorn, wherever its Pods' metadata stands. */
const saysGunicorn = `[${[[], ...templates].map((path) => at('object', ...path, 'metadata', 'annotations')).join(', ')}]` +
  ".exists(m, type(m.orValue(null)) == map && ['paddock.dev/gunicorn', 'paddock.dev/requirements'].exists(a, a in m.value()))"

function container(): string {
  const isShell = (text: string): string => `${text}.endsWith('sh')`
  const expansion = [
    someWord(isShell('w')),
    someVariable((value) => `${value}.contains('$(') || ${isShell(value)}`),
    // A short pattern is a cheap one. `x$(`, `)x`, `)$(`
    someWord(String.raw`size(w) > ${longest} || w.matches(r'\w\$') || w.matches(r'\)\w') || w.matches(r'\)\$')`),
  ]
  // A process of the image, by its name or that of what starts it.
  const process =
    `[c.?command, c.?args].exists(l, type(l.orValue(null)) == list && size(l.value()) > 0 && type(l.value()[0]) == string && (l.value()[0] in ['web', 'launcher', '/start', '/runner/init'] || l.value()[0].startsWith('/cnb/')))`
  const broughtIn = `(${someVariable((value) => `${value}.contains('gunicorn')`)} && ${someWord(`w.contains('$')`)})`
  // What gunicorn refuses of it holds, whatever starts it.
  const hasArguments = some('[c.?env]', 'e', `type(e) == map && e.?name.orValue(null) == '${cmdArgs}'`, mostItems)
  return `${someWord(`w.contains('gunicorn')`)} || ${hasArguments} || ${process} || ${broughtIn} || (${someWord(`w.contains('$(')`)} && (${
    expansion.join(' || ')
  }))`
}
