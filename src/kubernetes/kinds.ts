/**
 * The workload kinds that Paddock reads: where each holds its pod template.
 *
 * Adding a kind is a row here. `spec` is the path of the PodSpec, `metadata` that of the pod's metadata.
 * A group stands for all of its versions: a PodSpec has stood at the same path in each.
 */
import type { Path } from './field.ts'

export interface WorkloadKind {
  readonly group: string
  readonly kind: string
  readonly spec: Path
  readonly metadata: Path
  /** `processes` where there is a list of them in place of a PodSpec, of which a platform makes Pods. */
  readonly holds?: 'processes'
  /** True for a kind that is in no row: its template was found by its shape. */
  readonly isForeign?: boolean
  /** True for a kind whose containers are there to end: they do not serve, and nothing restarts them when they have succeeded. */
  readonly ends?: boolean
  /** True where the API server refuses any change of the containers' commands once the object exists. */
  readonly immutable?: boolean
  /**
   * The variables that the kind's controller puts behind those of the container that serves, and refuses from users. `port` is its
   * containerPort, or what is written here; null for what differs.
   */
  readonly assigned?: Readonly<Record<string, { readonly port: number } | null>>
}

const pod = { spec: ['spec'], metadata: ['metadata'] }
const template = { spec: ['spec', 'template', 'spec'], metadata: ['spec', 'template', 'metadata'] }

/**
 * Source: knative.dev/serving, `createServingContainer` and `buildUserPortEnv` in pkg/reconciler/revision/resources/deploy.go,
 * `reservedEnvVars` in pkg/apis/serving/k8s_validation.go, `DefaultUserPort` in pkg/apis/serving/v1.
 */
const knative = { assigned: { PORT: { port: 8080 }, K_SERVICE: null, K_CONFIGURATION: null, K_REVISION: null } }

export const workloadKinds: readonly WorkloadKind[] = [
  { group: '', kind: 'Pod', ...pod, immutable: true },
  { group: '', kind: 'PodTemplate', spec: ['template', 'spec'], metadata: ['template', 'metadata'] },
  { group: '', kind: 'ReplicationController', ...template },
  { group: 'apps', kind: 'DaemonSet', ...template },
  { group: 'apps', kind: 'Deployment', ...template },
  { group: 'apps', kind: 'ReplicaSet', ...template },
  { group: 'apps', kind: 'StatefulSet', ...template },
  {
    group: 'batch',
    kind: 'CronJob',
    spec: ['spec', 'jobTemplate', 'spec', 'template', 'spec'],
    metadata: ['spec', 'jobTemplate', 'spec', 'template', 'metadata'],
    ends: true,
  },
  { group: 'batch', kind: 'Job', ...template, ends: true, immutable: true },

  // https://argo-rollouts.readthedocs.io/en/stable/features/specification/
  { group: 'argoproj.io', kind: 'Rollout', ...template },
  // https://knative.dev/docs/serving/reference/serving-api/: a RevisionSpec embeds a PodSpec
  { group: 'serving.knative.dev', kind: 'Configuration', ...template, ...knative },
  { group: 'serving.knative.dev', kind: 'Revision', ...pod, immutable: true, ...knative },
  { group: 'serving.knative.dev', kind: 'Service', ...template, ...knative },
  // https://openkruise.io/docs/user-manuals/cloneset
  { group: 'apps.kruise.io', kind: 'CloneSet', ...template },
  { group: 'apps.kruise.io', kind: 'DaemonSet', ...template },
  { group: 'apps.kruise.io', kind: 'StatefulSet', ...template },
  // https://docs.redhat.com/en/documentation/openshift_container_platform/4.18/html/workloads_apis/deploymentconfig-apps-openshift-io-v1
  { group: 'apps.openshift.io', kind: 'DeploymentConfig', ...template },
  // https://github.com/TencentBlueKing/blueking-paas, operator/api: `spec.processes` of v1alpha1 and v1alpha2
  { group: 'paas.bk.tencent.com', kind: 'BkApp', spec: ['spec'], metadata: ['metadata'], holds: 'processes' },
]

const byName = new Map(workloadKinds.map((kind) => [`${kind.group}/${kind.kind}`, kind]))

/** The kind of an object by its apiVersion and kind; undefined where it is no workload. */
export function workloadKind(apiVersion: unknown, kind: unknown): WorkloadKind | undefined {
  if (typeof apiVersion !== 'string' || typeof kind !== 'string') return undefined
  const slash = apiVersion.indexOf('/')
  return byName.get(`${slash < 0 ? '' : apiVersion.slice(0, slash)}/${kind}`)
}
