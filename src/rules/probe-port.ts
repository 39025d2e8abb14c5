import { parseAddress } from '../gunicorn/address.ts'
import { isLasting, probePorts, runsBesideOthers } from '../kubernetes/pod-fields.ts'
import { defineRule, single, type Subject } from './rule.ts'

export default defineRule({
  id: 'probe-port',
  severity: 'warning',
  summary: 'a probe asks at a port that gunicorn does not listen on',
  why: 'The probe is refused: the Pod never becomes ready, or is restarted for ever.',
  remedy: 'Let probes, Service and `bind` use one port.',
  settings: ['bind'],

  *check(subject) {
    const { workload, container } = subject
    // Containers of a Pod share its address: another one may listen there.
    const probed = probePorts(container)
    if (probed.length === 0 || !isLasting(workload, container) || runsBesideOthers(workload, container) || !isAlone(subject)) return
    const ports = boundPorts(subject)
    if (ports.length === 0) return
    const known = ports.length === 1 ? `the port that gunicorn listens on, ${ports[0]}` : `one of the ports that gunicorn listens on, ${ports.join(', ')}`
    for (const { path, port } of probed)
      if (!ports.includes(port)) yield { place: { path }, shape: 'Invalid value', value: port, detail: `must be ${known}` }
  },
})

/** In a script another program may listen, too. */
const isAlone = ({ command, shell }: Subject): boolean => command === undefined || shell?.others() === false

/** The ports that gunicorn listens on; none where not all of its addresses are known. */
function boundPorts({ settings }: Subject): readonly number[] {
  const setting = settings.get('bind')
  if (setting?.value === undefined || setting.source === 'default') return []
  const addresses = settings.entries('bind').map((entry) => parseAddress(String(single(entry.value))))
  const ports = addresses.flatMap((address) => (address.kind === 'tcp' ? [address.port] : []))
  return ports.length === setting.entries.length ? ports : []
}
