/** What the command line asks of a cluster. Its client is loaded when it is asked for: that takes long. */
import type { Skins } from '../src/cli/skins.ts'
import { version } from './version.ts'

/** A person waits at the terminal: milliseconds in which a call that went wrong is repeated. */
const asker = { userAgent: `paddock/${version}`, patience: 2000 }

export const explained: Skins['explained'] = async (workload, target) => {
  const { connect, explained: explain } = await import('../src/cluster/explained.ts')
  const cluster = await connect({ ...target, ...asker })
  return explain(cluster, workload).finally(() => cluster.close())
}

export const scan: Skins['scan'] = async (target) => {
  const { openScan } = await import('../src/cli/scan-cluster.ts')
  return openScan({ ...target, ...asker, now: Date.now() })
}

export const diagnosed: Skins['diagnosed'] = async (target) => {
  const { openWorkload } = await import('../src/cli/diagnose-cluster.ts')
  return openWorkload({ ...target, ...asker })
}
