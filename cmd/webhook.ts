#!/usr/bin/env node
/** The admission webhook of a cluster. */
import { jsonLog, serveLive, warmUp } from '../src/admission/serve-live.ts'
import { connect } from '../src/cluster/connect.ts'
import { webhookOptions } from '../src/admission/live-options.ts'
import { webhookSources } from '../src/admission/live-sources.ts'
import { imagesIn } from '../src/images/in-cluster.ts'
import { errorLines, whenAsked } from './process.ts'
import { looking, reading } from './threads.ts'
import { version } from './version.ts'

const log = jsonLog('info', errorLines(), Date.now)
try {
  const { namespace, tlsSecret, lameDuck, kubeconfig, lookingInto, ...options } = webhookOptions(process.argv.slice(2), process.env)
  warmUp()
  const cluster = await connect({ kubeconfig, userAgent: `paddock-webhook/${version}` })
  const sources = webhookSources(cluster, { namespace, name: tlsSecret }, { log })
  const images = lookingInto &&
    imagesIn(cluster, lookingInto, { namespace, entry: looking, owner: () => sources.owner, log })
  const serving = await serveLive(sources, { ...options, images, reading, exemptNamespaces: [namespace], log, lameDuck, now: Date.now })
  whenAsked((signal) => void serving.stop(signal === 'SIGINT' ? 0 : lameDuck).then(() => process.exit(0)))
} catch (error) {
  log.error('not started', { error: (error as Error).message })
  process.exit(2)
}
