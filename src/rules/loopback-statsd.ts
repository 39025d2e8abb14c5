import { isLoopback } from '../gunicorn/address.ts'
import { hasHostNetwork, isLasting, runsBesideOthers } from '../kubernetes/pod-fields.ts'
import { invalid } from './problem.ts'
import { defineRule } from './rule.ts'

export default defineRule({
  id: 'loopback-statsd',
  severity: 'warning',
  action: 'Warn',
  mayBeAllowed: true,
  summary: 'metrics go to an address of the Pod itself, where nobody listens',
  why: 'The agent runs on the node, and not in the Pod: every metric is lost, without a word.',
  remedy: 'Send them to the node: `--statsd-host $(HOST_IP):8125`, with HOST_IP from `status.hostIP`.',
  settings: ['statsd_host'],

  *check(subject) {
    const { workload, container, settings, command, shell } = subject
    const setting = settings.get('statsd_host')
    // Another container, or another program of the script, may be the agent.
    const isAlone = command === undefined || shell?.others() === false
    if (!setting || !isLasting(workload, container) || !workload.pod || runsBesideOthers(workload, container) || hasHostNetwork(workload) ||
      !isAlone) return
    for (const entry of settings.entries('statsd_host')) {
      const host = Array.isArray(entry.value) ? entry.value[0] : undefined
      if (typeof host === 'string' && isLoopback({ kind: 'tcp', host, port: 0 }))
        yield invalid(subject, setting, entry, 'must not be a loopback address in a Pod with one container')
    }
  },
})
