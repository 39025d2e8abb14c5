import { addressOf, single } from '../gunicorn/entries.ts'
import { isBarePort, isPort } from '../gunicorn/port-variable.ts'
import { invalid } from './problem.ts'
import { defineRule, type Subject } from './rule.ts'

export default defineRule({
  id: 'ignored-port',
  severity: 'warning',
  action: 'Warn',
  mayBeAllowed: true,
  summary: 'gunicorn listens on a fixed port while the platform assigns one',
  why: 'The platform sends traffic and probes to the port in PORT, where nothing listens.',
  remedy: 'Bind to `:$PORT` (in a list, `:$(PORT)`).',
  settings: ['bind'],

  *check(subject) {
    const assigned = assignedPort(subject)
    const setting = subject.settings.get('bind')
    // A list that is not known as a whole may hold the right address.
    if (assigned === null || setting?.value === undefined) return
    if (setting.source === 'default' || setting.source === 'environment') return
    const { env } = subject.platform.port
    const entries = subject.settings.entries('bind').filter((entry) => !/[$]/.test(String(single(entry.value))))
    const ports = entries.map(addressOf)
    // A bind that reads the variable, or one more address that is right, is enough.
    if (entries.length < setting.entries.length || ports.some((address) => address?.kind === 'tcp' && address.port === assigned)) return
    for (const [index, entry] of entries.entries()) {
      const address = ports[index]
      // A port alone is another rule's.
      if (address?.kind !== 'tcp' || isBarePort(String(single(entry.value)))) continue
      const told = assigned === undefined ? '' : ` (${assigned})`
      const host = address.host.includes(':') ? `[${address.host}]` : address.host
      const fix = { setting: 'bind', value: `${host}:$${env}`, entry }
      yield invalid(subject, setting, entry, `must listen on the port in ${env}${told}`, {
        fix,
        // In Python nobody expands a variable, and there is no need to.
        ...(setting.source === 'config file' ? { remedy: `Leave \`bind\` out of the config file: gunicorn binds to ${env} by itself.` }
          : {}),
      })
    }
  },
})

/** The port that the platform assigns; undefined where its number is not known, null where it assigns none, or what is no port. */
function assignedPort({ environment, platform, portVariable, container }: Subject): number | undefined | null {
  const variable = environment.variables.get(platform.port.env)
  if (variable?.value === null) return undefined
  if (variable) return isPort(variable.value) ? Number(variable.value) : null
  return portVariable === 'definable' ? (container.port ?? platform.port.fallback) : null
}
