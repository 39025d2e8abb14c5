import { boundPorts } from '../gunicorn/bound-ports.ts'
import { isLasting, probePorts } from '../kubernetes/pod-fields.ts'
import { defineRule, type Subject } from './rule.ts'

export default defineRule({
  id: 'probe-scheme',
  severity: 'warning',
  action: 'Warn',
  mayBeAllowed: true,
  summary: 'a probe speaks HTTP to a gunicorn that speaks HTTPS, or HTTPS to one that does not',
  why: 'The probe gets no answer that it understands: the Pod never becomes ready, or is restarted for ever.',
  remedy: 'Set `scheme: HTTPS` on probes of a gunicorn with a certificate, and leave it out on others.',
  settings: ['bind'],
  unset: true,

  *check(subject) {
    const { workload, container } = subject
    const probed = probePorts(container)
    if (probed.length === 0 || !isLasting(workload, container)) return
    const speaksTls = hasCertificate(subject)
    if (speaksTls === undefined || probed.every(({ scheme }) => scheme === undefined || (scheme === 'HTTPS') === speaksTls)) return
    const reached = boundPorts(subject)?.reached ?? []
    for (const { port, scheme, path } of probed) {
      if (scheme === undefined || !reached.includes(port) || (scheme === 'HTTPS') === speaksTls) continue
      const place = { path: [...path.slice(0, -1), 'scheme'] }
      const detail = speaksTls ? 'must be "HTTPS", as gunicorn is given a certificate and speaks nothing else'
        : 'must be "HTTP", as gunicorn is given no certificate'
      yield { place, shape: 'Invalid value', value: scheme, detail }
    }
  },
})

/** Whether gunicorn speaks TLS; undefined where that is not known. Source: `is_ssl` of gunicorn.config. */
function hasCertificate({ settings }: Subject): boolean | undefined {
  const names = ['certfile', 'keyfile'] as const
  if (names.some((name) => {
    const value = settings.value(name)
    return typeof value === 'string' && value !== ''
  })) return true
  // What is not seen may set one, and what is not known may be empty.
  return names.some((name) => settings.isSet(name) !== 'no' && settings.value(name) === undefined) ? undefined : false
}
