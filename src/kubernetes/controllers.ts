/**
 * The controllers of kube-controller-manager that write workloads, by the user that they write as. Nobody else can be that user
 * who could not do as they please in kube-system.
 *
 * Source: k8s.io/kubernetes, cmd/kube-controller-manager/names and plugin/pkg/auth/authorizer/rbac/bootstrappolicy/controller_policy.go.
 */

/** A controller that makes one workload out of another. */
export interface Maker {
  readonly name: string
  readonly makes: string
  readonly outOf: string
}

export const makers: readonly Maker[] = [
  { name: 'replicaset-controller', makes: 'Pod', outOf: 'ReplicaSet' },
  { name: 'replication-controller', makes: 'Pod', outOf: 'ReplicationController' },
  { name: 'statefulset-controller', makes: 'Pod', outOf: 'StatefulSet' },
  { name: 'daemon-set-controller', makes: 'Pod', outOf: 'DaemonSet' },
  { name: 'job-controller', makes: 'Pod', outOf: 'Job' },
  { name: 'deployment-controller', makes: 'ReplicaSet', outOf: 'Deployment' },
  { name: 'cronjob-controller', makes: 'Job', outOf: 'CronJob' },
]

/** Those that make nothing, but write what is there: owners are taken off, and objects are stored anew in another version. */
const keepers = ['generic-garbage-collector', 'storage-version-migrator-controller']

/** Where kube-controller-manager runs without `--use-service-account-credentials`, all of its controllers are this user. */
export const withoutAccounts = 'system:kube-controller-manager'

/** The user that a controller writes as. */
export const userOf = (name: string): string => `system:serviceaccount:kube-system:${name}`

/** The users of all of them. */
export const controllerUsers: readonly string[] = [...makers.map(({ name }) => name), ...keepers].map(userOf).concat(withoutAccounts)
