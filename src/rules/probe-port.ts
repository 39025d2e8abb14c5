import { boundPorts } from '../gunicorn/bound-ports.ts'
import { isLasting, namedPort, probePorts, runsBesideOthers } from '../kubernetes/pod-fields.ts'
import { mayPassOn } from '../shell/programs.ts'
import { defineRule, type Subject } from './rule.ts'

export default defineRule({
  id: 'probe-port',
  severity: 'warning',
  action: 'Warn',
  mayBeAllowed: true,
  summary: 'a probe, or a Service beside it, asks at a port that gunicorn does not listen on',
  why: 'The probe is refused: the Pod never becomes ready, or is restarted for ever. What a Service sends there is refused as well.',
  remedy: 'Let probes, Service and `bind` use one port.',
  settings: ['bind'],

  *check(subject) {
    const { workload, container, services = [] } = subject
    // Containers of a Pod share its address: another one may listen there.
    const probed = probePorts(container)
    if (probed.length + services.length === 0 || !isLasting(workload, container) || runsBesideOthers(workload, container) ||
      !isAlone(subject)) return
    const bound = boundPorts(subject)
    // Of loopback addresses alone another rule speaks.
    if (!bound || (bound.reached.length === 0 && bound.inside.length > 0)) return
    const { reached, inside } = bound
    const known = reached.length === 0 ? 'a port that gunicorn listens on, and it listens on a unix socket alone'
      : reached.length === 1 ? `the port that gunicorn listens on, ${reached[0]}`
      : `one of the ports that gunicorn listens on, ${reached.join(', ')}`
    for (const { path, port } of probed) {
      const why = inside.includes(port) ? ', as the kubelet does not reach loopback addresses' : ''
      if (!reached.includes(port)) yield { place: { path }, shape: 'Invalid value', value: port, detail: `must be ${known}${why}` }
    }
    for (const { name, targets } of services)
      for (const target of targets) {
        const port = typeof target === 'number' ? target : namedPort(container, target)
        if (port === undefined || reached.includes(port)) continue
        yield { place: subject.place, shape: 'Invalid value', value: target,
          detail: `\`targetPort\` of Service ${JSON.stringify(name)} must be ${known}` }
      }
  },
})

/** In a script another program may listen, too. */
const isAlone = ({ beside, mayHaveOthers }: Subject): boolean => !mayHaveOthers && !beside.some(mayPassOn)
