/** The namespaces that policies have no say in. */
import type { Labels } from '../kubernetes/labels.ts'

/** Without them a cluster cannot mend itself: nothing of them is ever held back, nor told. */
const systemNamespaces: readonly string[] = ['kube-system', 'kube-node-lease']

/** The label by which a namespace is left out of admission, and of the scan with it. */
export const isOptedOut = (labels: Labels): boolean => labels['paddock.dev/admission'] === 'disabled'

/** @param others Paddock's own namespace, and those that the administrator names */
export const isExcluded = (namespace: string, labels: Labels = {}, others: readonly string[] = []): boolean =>
  systemNamespaces.includes(namespace) || others.includes(namespace) || isOptedOut(labels)
