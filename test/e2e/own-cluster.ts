import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { NoCluster, startCluster, type Cluster } from '../cluster/cluster.ts'
import type { ControlPlane } from '../cluster/control-plane.ts'
import { startProxy, type Proxy } from './proxy.ts'

/** A control plane of a suite's own, which it may kill and start again, and a way to it that it may cut. */
export type OwnCluster = {
  /** Straight to the API server. */
  kubeconfig: string
  /** Path of a kubectl. */
  program: string
  /** Through the proxy. */
  proxied: string
  proxy: Proxy
  controlPlane: ControlPlane
  /** Ends the API server at once, without a word to those who are connected. */
  kill(): Promise<void>
  /** Has etcd forget all versions but the present one. */
  compact(): Promise<void>
  stop(): Promise<void>
}

/**
 * @param controllers whether kube-controller-manager runs, too
 * @throws NoCluster where etcd and kube-apiserver are not to be had as processes of this machine
 */
export async function startOwnCluster(controllers = false): Promise<OwnCluster> {
  const cluster: Cluster = await startCluster(() => {}, process.env, { processes: true, controllers })
  const { controlPlane, kubeconfig } = cluster
  if (controlPlane === undefined) throw new NoCluster('the cluster is not of this machine')
  const text = await readFile(kubeconfig, 'utf8')
  const server = new URL((JSON.parse(text) as { clusters: [{ cluster: { server: string } }] }).clusters[0].cluster.server)
  const proxy = await startProxy(server.hostname, Number(server.port))
  const proxied = join(controlPlane.folder, 'proxied.kubeconfig')
  await writeFile(proxied, text.replaceAll(server.host, `127.0.0.1:${proxy.port}`))
  return {
    kubeconfig,
    program: cluster.kubectl,
    proxied,
    proxy,
    controlPlane,
    async kill() {
      const apiserver = controlPlane.running.get('kube-apiserver')
      apiserver?.signal('SIGKILL')
      await apiserver?.exited
    },
    async compact() {
      const [, address = ''] = /"serving client traffic insecurely[^}]*"address":"([^"]+)"/.exec(
        (await controlPlane.running.get('etcd')?.output()) ?? '',
      ) ?? []
      const call = async (path: string, body: object) => {
        const response = await fetch(`http://${address}/v3/kv/${path}`, { method: 'POST', body: JSON.stringify(body) })
        if (!response.ok) throw new Error(`etcd: ${path}: ${await response.text()}`)
        return (await response.json()) as { header: { revision: string } }
      }
      const { header } = await call('range', { key: Buffer.from('/').toString('base64') })
      await call('compaction', { revision: header.revision, physical: true })
    },
    async stop() {
      await proxy.stop()
      await cluster.stop()
    },
  }
}
