/** Which conditions there are; what they come to, an API server says: test/e2e/match-conditions.test.ts. */
import { expect, test } from '@jest/globals'
import { workloadKinds } from '../../src/kubernetes/kinds.ts'
import { matchConditions, type Coverage, type MatchCondition } from '../../src/operator/match-conditions.ts'

/** The users whose objects are not asked about, without the namespace of their accounts. */
function passed(...policies: Coverage[]): string[] {
  return usersIn(matchConditions('validate', policies), 'not-by-a-controller-of-reviewed-owners')
}
function usersIn(conditions: readonly MatchCondition[], named: string): string[] {
  const condition = conditions.find(({ name }) => name === named)
  return [...(condition?.expression ?? '').matchAll(/'system:(?:serviceaccount:kube-system:)?([^']+)'/g)].map(([, name = '']) => name)
    .sort()
}
const of = (kinds?: string[], hasWorkloadSelector = false): Coverage => ({
  match: { ...(kinds ? { kinds } : {}), ...(hasWorkloadSelector ? { workloadSelector: { matchLabels: { no: 'such' } } } : {}) },
})

const all = ['cronjob-controller', 'daemon-set-controller', 'deployment-controller', 'job-controller', 'kube-controller-manager',
  'replicaset-controller', 'replication-controller', 'statefulset-controller']

test('what controllers make is passed over where what they make it out of is reviewed', () => {
  expect(passed(of())).toEqual(all)
  expect(passed(of(), of(['Deployment', 'ReplicaSet', 'Pod', 'StatefulSet', 'DaemonSet', 'Job', 'CronJob', 'ReplicationController'])))
    .toEqual(all)
})

test.each<[string, Coverage, string]>([
  ['Pods alone are governed: each has to be seen', of(['Pod']), 'cronjob-controller,deployment-controller'],
  ['Pods and Deployments: Pods of a ReplicaSet that somebody wrote', of(['Pod', 'Deployment']), 'cronjob-controller,deployment-controller'],
  ['ReplicaSets and Deployments', of(['ReplicaSet', 'Deployment', 'Job']),
    'daemon-set-controller,deployment-controller,job-controller,replicaset-controller,replication-controller,statefulset-controller'],
  ['labels of a Pod are not those of its owner', of(undefined, true), ''],
])('%s', (_case, policy, users) => {
  expect(passed(policy).join()).toBe(users)
})

test('one of several policies suffices', () => {
  expect(passed(of(), of(['Pod'], true))).toEqual(['cronjob-controller', 'deployment-controller'])
})

test.each<[string, Coverage[]]>([
  ['one for all', [of()]],
  ['one for Pods', [of(['Pod'])]],
  ['one that selects by labels', [of(undefined, true)]],
  ['several', [of(), of(['Pod'], true)]],
])('whatever policies there are, what the cluster has made is not mended, and what it writes later is not judged: %s',
  (_case, policies) => {
    const cluster = [...all, 'generic-garbage-collector', 'storage-version-migrator-controller'].sort()
    for (const mendsExisting of [true, false])
      expect(usersIn(matchConditions('mutate', policies, mendsExisting), 'not-by-a-controller-of-the-cluster')).toEqual(cluster)
    const conditions = matchConditions('validate', policies)
    expect(usersIn(conditions, 'not-an-update-by-a-controller-of-the-cluster')).toEqual(cluster)
    expect(conditions[0]?.expression).toMatch(/^!\(request\.operation == 'UPDATE' && /)
  })

test('an update is not mended that leaves the template alone, unless a policy wants it', () => {
  const names = (...args: Parameters<typeof matchConditions>) => matchConditions(...args).map(({ name }) => name)
  expect(names('mutate', [of()])).toContain('brings-a-template')
  expect(names('mutate', [of()], true)).not.toContain('brings-a-template')
  expect(names('validate', [of()])).not.toContain('brings-a-template')
})

const operations = ['mutate', 'validate'] as const

/** Of the API server's variables, `namespaceObject` is taken when a condition is written, and then fails each request, which names no webhook. */
test.each(operations)('%s: nothing is asked for that there is not, or not for each request', (operation) => {
  for (const { expression } of matchConditions(operation, [{ ...of(), readsImages: true }])) {
    const names = expression.replaceAll(/r?'[^']*'/g, "''").match(/(?<![\w.?])[a-zA-Z]\w*/g) ?? []
    expect(new Set(names)).toEqual(
      new Set(
        names.filter((name) =>
          ['object', 'oldObject', 'request', 'null', 'true', 'false', 'in', 'size', 'type', 'string', 'optional', 'list', 'map', 'pod', 'v',
            'c', 'l', 'w', 'e', 'n', 'm', 'a'].includes(name)
        ),
      ),
    )
  }
})

test.each(operations)('%s: names are such as the API server takes, and no label keeps an object from being asked about', (operation) => {
  for (const { name, expression } of matchConditions(operation, [of()])) {
    expect(name).toMatch(/^[a-z][a-z-]*$/)
    // Whoever writes an object writes its labels: they may only add to what else brings it in.
    const [, ...alternatives] = expression.split(' || [object.?metadata.?labels')
    expect(alternatives).toHaveLength(name === 'may-start-gunicorn' ? 1 : 0)
    expect(expression.split(' || [object.?metadata.?labels')[0]).not.toMatch(/labels/)
    expect(expression).not.toMatch(/!\(?[^|]*labels/)
  }
})

test('workloads that say they hold gunicorn are asked about where images are looked at, too', () => {
  const expression = (...policies: Coverage[]) =>
    matchConditions('validate', policies).find(({ name }) => name === 'may-start-gunicorn')?.expression ?? ''
  expect(expression(of())).not.toContain('paddock.dev/gunicorn')
  const asked = expression(of(), { ...of(), readsImages: true })
  expect(asked.startsWith(`${expression(of())} || `)).toBe(true)
  expect(asked).toContain("['paddock.dev/gunicorn', 'paddock.dev/requirements']")
})

test('what sets GUNICORN_CMD_ARGS is asked about whatever its command is, and everything is where a policy does something about commands that are not in sight', () => {
  const conditions = (operation: 'mutate' | 'validate', policy: Coverage) =>
    matchConditions(operation, [policy]).find(({ name }) => name === 'may-start-gunicorn')?.expression
  expect(conditions('validate', of())).toContain("'GUNICORN_CMD_ARGS'")
  expect(conditions('validate', { ...of(), asksForCommands: true })).toBeUndefined()
  expect(conditions('mutate', { ...of(), asksForCommands: true })).toBe(conditions('mutate', of()))
})

test('the conditions look where each kind has its PodSpec', () => {
  const [condition] = matchConditions('mutate', []).filter(({ name }) => name === 'may-start-gunicorn')
  for (const { kind, spec, holds } of workloadKinds) {
    if (holds) continue
    const [first, ...path] = spec
    const looked = path.reduce<string>(
      (value, name) => `${value}.optMap(v, type(v) == map ? v.?${name} : optional.none()).orValue(optional.none())`,
      `object.?${first}`,
    )
    expect([kind, condition?.expression.includes(looked)]).toEqual([kind, true])
  }
})
