import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { helmPath } from '../../scripts/helm.ts'
import { capture, type Environment } from '../cluster/program.ts'

/** Runs helm to its end and gives what it wrote. It keeps what it caches in `folder`. */
export type Helm = (...args: string[]) => Promise<string>

/** A helm for one cluster: the one on PADDOCK_TEST_HELM, else the one that the chart is tested with. */
export async function helmFor(kubeconfig: string, folder: string): Promise<Helm> {
  const path = process.env['PADDOCK_TEST_HELM'] ?? helmPath()
  const home = join(folder, 'helm')
  await mkdir(home)
  const environment: Environment = {
    ...process.env,
    KUBECONFIG: kubeconfig,
    HELM_CACHE_HOME: home,
    HELM_CONFIG_HOME: home,
    HELM_DATA_HOME: home,
  }
  return (...args) => capture(path, args, { seconds: 420, environment })
}
