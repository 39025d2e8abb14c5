/** The resources that Paddock speaks of to an API server. */
import type { Resource } from './cluster.ts'

const resource = (group: string, version: string, plural: string, kind: string, namespaced = true): Resource => ({
  group,
  version,
  plural,
  kind,
  namespaced,
})

export const namespaces = resource('', 'v1', 'namespaces', 'Namespace', false)
export const secrets = resource('', 'v1', 'secrets', 'Secret')
export const configMaps = resource('', 'v1', 'configmaps', 'ConfigMap')
export const serviceAccounts = resource('', 'v1', 'serviceaccounts', 'ServiceAccount')
export const events = resource('events.k8s.io', 'v1', 'events', 'Event')
export const endpointSlices = resource('discovery.k8s.io', 'v1', 'endpointslices', 'EndpointSlice')
export const leases = resource('coordination.k8s.io', 'v1', 'leases', 'Lease')
export const clusterRoles = resource('rbac.authorization.k8s.io', 'v1', 'clusterroles', 'ClusterRole', false)

export const deployments = resource('apps', 'v1', 'deployments', 'Deployment')
export const pods = resource('', 'v1', 'pods', 'Pod')

export const mutatingWebhookConfigurations = resource(
  'admissionregistration.k8s.io',
  'v1',
  'mutatingwebhookconfigurations',
  'MutatingWebhookConfiguration',
  false,
)
export const validatingWebhookConfigurations = resource(
  'admissionregistration.k8s.io',
  'v1',
  'validatingwebhookconfigurations',
  'ValidatingWebhookConfiguration',
  false,
)

export const gunicornPolicies = resource('paddock.dev', 'v1alpha1', 'gunicornpolicies', 'GunicornPolicy', false)
export const gunicornExceptions = resource('paddock.dev', 'v1alpha1', 'gunicornexceptions', 'GunicornException')

/** `apps/v1`; `v1` for the core group. */
export const apiVersion = ({ group, version }: Resource): string => (group === '' ? version : `${group}/${version}`)

/** Where every object of a resource, or those of a namespace, are found: `/apis/apps/v1/namespaces/shop/deployments`. */
export function path(resource: Resource, namespace?: string, name?: string, subresource?: string): string {
  const { group, version, plural } = resource
  const prefix = group === '' ? `/api/${version}` : `/apis/${group}/${version}`
  const parts = [
    ...(namespace === undefined ? [] : ['namespaces', namespace]),
    plural,
    ...(name === undefined ? [] : [name]),
    ...(subresource === undefined ? [] : [subresource]),
  ]
  return `${prefix}/${parts.map(encodeURIComponent).join('/')}`
}
