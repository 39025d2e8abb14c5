import { isLoopback, parseAddress } from '../gunicorn/address.ts'
import { defineRule, invalid } from './rule.ts'
import type { Entry } from '../gunicorn/settings.ts'

export default defineRule({
  id: 'loopback-bind',
  severity: 'error',
  summary: 'gunicorn listens on an address that only its own Pod can reach',
  why: 'The kubelet probes the Pod IP, and Services send traffic to it.',
  remedy: "Bind to '0.0.0.0:PORT' or '[::]:PORT'.",
  settings: ['bind'],

  *check(subject) {
    const setting = subject.settings.get('bind')
    if (!setting || !allLoopback(setting.entries)) return
    for (const entry of setting.entries) {
      const text = entry.argument?.prefix ?? ''
      const everywhere = text.replace(/(^|\/\/)(\[[^\]]*\]|[^:/]+)(?!.*\/\/)/, (_, before: string, host: string) => before + (host.startsWith('[') ? '[::]' : '0.0.0.0'))
      const known = entry.value !== undefined
      yield invalid(subject, setting, entry, 'must not be a loopback address', known ? { fix: { setting: 'bind', value: everywhere, entry } } : { value: entry.argument?.word.text })
    }
  },
})

/** With one more address that can be reached, a loopback address is a choice: for a sidecar, say. */
function allLoopback(entries: readonly Entry[]): boolean {
  return entries.length > 0 && entries.every((entry) => entry.argument !== undefined && isLoopbackText(entry.argument.prefix, entry.value === undefined))
}

/** Of `127.0.0.1:$PORT` the host is known, though the port is not. */
function isLoopbackText(text: string, partly: boolean): boolean {
  if (!partly) return isLoopback(parseAddress(text.trim()))
  const host = /^(?:tcp:\/\/)?(\[[^\]]*\]|[^:[]*):/.exec(text)
  return host !== null && isLoopback(parseAddress(`${host[1]}:1`))
}
