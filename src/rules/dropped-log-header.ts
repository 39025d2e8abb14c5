import { familyOf } from '../gunicorn/worker-facts.ts'
import { invalid } from './problem.ts'
import { defineRule } from './rule.ts'

export default defineRule({
  id: 'dropped-log-header',
  severity: 'info',
  action: 'Audit',
  mayBeAllowed: true,
  summary: 'the access log reads a header that this gunicorn drops',
  why: 'gunicorn 22 and newer drop headers with an underscore in their name: the log has "-" in their place.',
  remedy: 'Send and read the header with dashes: `%({x-request-id}i)s`.',
  settings: ['access_log_format'],

  *check(subject) {
    const { settings, releases } = subject
    if (!releases.every((release) => release.settings['header_map'])) return
    const setting = settings.get('access_log_format')
    if (!setting) return
    const map = settings.value('header_map')
    if (map !== 'drop' && map !== 'refuse') return
    // Some write their own access log.
    const workerClass = settings.value('worker_class')
    const family = typeof workerClass === 'string' ? familyOf(workerClass) : undefined
    if (typeof workerClass !== 'string' || family?.ignores['access_log_format'] !== undefined || family?.refuses['access_log_format'])
      return
    for (const entry of settings.entries('access_log_format')) {
      const names = headersIn(String(entry.value)).filter((name) =>
        name.includes('_') && !mayPass(name, settings.value('forwarder_headers'))
      )
      const [name] = names
      if (name !== undefined)
        yield invalid(subject, setting, entry, `must not read the header "${name}", which gunicorn drops for its underscore`)
    }
  },
})

const headersIn = (format: string): string[] => [...format.matchAll(/%\(\{([^{}]*)\}i\)/g)].map(([, name = '']) => name.toLowerCase())

/** Trusted proxies may send some (23.0 and newer). */
function mayPass(name: string, forwarded: unknown): boolean {
  if (forwarded === undefined || !Array.isArray(forwarded)) return false
  return forwarded.some((other) => other === '*' || String(other).toUpperCase() === name.toUpperCase())
}
