/** Which conditions there are; what they come to, an API server says: test/e2e/match-conditions.test.ts. */
import { expect, test } from '@jest/globals'
import { matchConditions, type Coverage } from '../../src/operator/match-conditions.ts'

/** The users whose objects are not asked about, without the namespace of their accounts. */
function passed(...policies: Coverage[]): string[] {
  const condition = matchConditions(policies).find(({ name }) => name === 'not-by-a-controller-of-reviewed-owners')
  return [...(condition?.expression ?? '').matchAll(/'system:(?:serviceaccount:kube-system:)?([^']+)'/g)].map(([, name = '']) => name).sort()
}
const of = (kinds?: string[], hasWorkloadSelector = false): Coverage => ({ kinds, hasWorkloadSelector })

const all = ['cronjob-controller', 'daemon-set-controller', 'deployment-controller', 'job-controller', 'kube-controller-manager', 'replicaset-controller', 'replication-controller', 'statefulset-controller']

test('what controllers make is passed over where what they make it out of is reviewed', () => {
  expect(passed(of())).toEqual(all)
  expect(passed(of(), of(['Deployment', 'ReplicaSet', 'Pod', 'StatefulSet', 'DaemonSet', 'Job', 'CronJob', 'ReplicationController']))).toEqual(all)
})

test.each<[string, Coverage, string]>([
  ['Pods alone are governed: each has to be seen', of(['Pod']), 'cronjob-controller,deployment-controller'],
  ['Pods and Deployments: Pods of a ReplicaSet that somebody wrote', of(['Pod', 'Deployment']), 'cronjob-controller,deployment-controller'],
  ['ReplicaSets and Deployments', of(['ReplicaSet', 'Deployment', 'Job']), 'daemon-set-controller,deployment-controller,job-controller,replicaset-controller,replication-controller,statefulset-controller'],
  ['labels of a Pod are not those of its owner', of(undefined, true), ''],
])('%s', (_case, policy, users) => {
  expect(passed(policy).join()).toBe(users)
})

test('one of several policies suffices', () => {
  expect(passed(of(), of(['Pod'], true))).toEqual(['cronjob-controller', 'deployment-controller'])
})

test('names are such as the API server takes, and no label keeps an object from being asked about', () => {
  for (const { name, expression } of matchConditions([of()])) {
    expect(name).toMatch(/^[a-z][a-z-]*$/)
    // Whoever writes an object writes its labels: they may only add to what else brings it in.
    const [, ...alternatives] = expression.split(' || [object.?metadata.?labels')
    expect(alternatives).toHaveLength(name === 'may-start-gunicorn' ? 1 : 0)
    expect(expression.split(' || [object.?metadata.?labels')[0]).not.toMatch(/labels/)
    expect(expression).not.toMatch(/!\(?[^|]*labels/)
  }
})

test('workloads that say they hold gunicorn are asked about where images are looked at, too', () => {
  const expression = (...policies: Coverage[]) => matchConditions(policies).find(({ name }) => name === 'may-start-gunicorn')?.expression ?? ''
  expect(expression(of())).not.toContain('paddock.dev/gunicorn')
  const asked = expression(of(), { ...of(), readsImages: true })
  expect(asked.startsWith(`${expression(of())} || `)).toBe(true)
  expect(asked).toContain("['paddock.dev/gunicorn', 'paddock.dev/requirements']")
})
