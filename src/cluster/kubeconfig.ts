/**
 * Where the API server is and who is asking, by `@kubernetes/client-node`: its kubeconfig, in-cluster and exec
 * credentials. Imported when there is something to ask, as that package takes long to load.
 */
import type { RequestOptions } from 'node:https'
import { KubeConfig } from '@kubernetes/client-node'
import { KubeconfigError } from './api-error.ts'

export interface Credentials {
  /** `https://10.96.0.1:443`, or with a path below which the API is. */
  readonly server: string
  readonly namespace: string
  /**
   * What a request needs of TLS options and headers. Fresh for each: tokens and certificates in files are replaced.
   * @throws KubeconfigError where they cannot be had, as from a command that fails
   */
  readonly options: () => Promise<RequestOptions>
}

const namespaceFile = '/var/run/secrets/kubernetes.io/serviceaccount/namespace'

/**
 * @param file a kubeconfig; undefined for those of `$KUBECONFIG`, `~/.kube/config`, or the Pod's own credentials
 * @param context undefined for the kubeconfig's own choice
 * @throws KubeconfigError
 */
export function credentials(
  file: string | undefined,
  context: string | undefined,
  readFile: (path: string) => string,
): Credentials {
  const config = new KubeConfig()
  try {
    if (file === undefined) config.loadFromDefault()
    else config.loadFromFile(file)
  } catch (error) {
    throw new KubeconfigError(`${file ?? 'kubeconfig'}: cannot be read: ${(error as Error).message}`, { cause: error })
  }
  // What client-node comes to where it finds nothing.
  if (
    file === undefined &&
    config.getCurrentContext() === 'loaded-context' &&
    config.getCurrentCluster()?.server === 'http://localhost:8080'
  ) {
    throw new KubeconfigError(
      'no cluster to ask: there is neither --kubeconfig, nor $KUBECONFIG, nor ~/.kube/config, nor a Pod around',
    )
  }
  if (context !== undefined) config.setCurrentContext(context)
  const name = config.getCurrentContext() as string | undefined
  if (name === undefined)
    throw new KubeconfigError(`${file ?? 'kubeconfig'}: must name a current context, where no other is given`)
  const found = config.getContextObject(name)
  const cluster = config.getCurrentCluster()
  if (found === null || cluster === null) {
    const names = config.getContexts().map((each) => each.name)
    throw new KubeconfigError(
      `${file ?? 'kubeconfig'}: context "${name}" must be one of ${names.join(', ') || 'none'}, and name a cluster`,
    )
  }
  return {
    server: cluster.server.replace(/(?<!\/)\/+$/, ''),
    namespace: found.namespace ?? (name === 'inClusterContext' ? readFile(namespaceFile).trim() : 'default'),
    async options() {
      const options: RequestOptions = {}
      try {
        await config.applyToHTTPSOptions(options)
      } catch (error) {
        throw new KubeconfigError(`${file ?? 'kubeconfig'}: cannot get the credentials: ${(error as Error).message.trim()}`, {
          cause: error,
        })
      }
      // Its agent opens a connection for each request. One to a proxy is another matter.
      if (cluster.proxyUrl === undefined) delete options.agent
      return options
    },
  }
}
