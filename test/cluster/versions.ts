/** The releases that the test cluster is made of: everything that is fetched or built is pinned here and nowhere else. */
export const versions = {
  /** kube-apiserver, the controllers, kubelet, kube-proxy and kubectl, built from the module k8s.io/kubernetes. */
  kubernetes: 'v1.37.2',
  /** Built from the module go.etcd.io/etcd/server/v3. */
  etcd: 'v3.7.3',
  /** Built from the module github.com/containerd/containerd/v2. */
  containerd: 'v2.4.2',
  /** Built from the module github.com/opencontainers/runc. */
  runc: 'v1.5.2',
  /** bridge, host-local and loopback, built from the module github.com/containernetworking/plugins. */
  cni: 'v1.9.1',
  /** Run from the module sigs.k8s.io/kind, which brings its own node image. */
  kind: 'v0.33.0',
  /** The archive that setup-envtest would fetch. */
  envtest: 'v1.37.0',
} as const
