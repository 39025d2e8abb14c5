/**
 * A process that wants to lead: usage: node elector.ts KUBECONFIG NAMESPACE IDENTITY [MILLISECONDS ITS CLOCK IS AHEAD].
 * It writes a JSON line for each thing that happens, with the time that the machine has.
 */
import { connect } from '../../src/cluster/connect.ts'
import { jsonLog } from '../../src/log.ts'
import { lead, LeaseLost } from '../../src/operator/leader.ts'

const [kubeconfig = '', namespace = '', identity = '', ahead = '0'] = process.argv.slice(2)
const say = (event: string) => process.stdout.write(`${JSON.stringify({ identity, event, at: Date.now() })}\n`)
const stop = new AbortController()
process.once('SIGTERM', () => stop.abort())

const cluster = await connect({ kubeconfig, userAgent: 'paddock-test/elector', patience: 1000 })
const log = jsonLog('debug', (line) => process.stderr.write(line), Date.now)
const now = () => Date.now() + Number(ahead)
say('waits')
try {
  await lead(
    cluster,
    { namespace, name: 'elected', identity, leaseDuration: 12_000, log, now },
    async (signal) => {
      say('leads')
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
      say('stops')
    },
    stop.signal,
  )
  say('ends')
} catch (error) {
  say(error instanceof LeaseLost ? 'LeaseLost' : (error as Error).message)
}
cluster.close()
