/** The ports that gunicorn listens on. */
import { isLoopback } from './address.ts'
import type { AgreedSettings } from './agreed-settings.ts'
import { addressOf } from './entries.ts'

/** The ports that gunicorn listens on, those that are reached from outside the Pod apart; undefined where not all of its addresses are known, or nothing says any. */
export function boundPorts(
  { settings }: { readonly settings: AgreedSettings },
): { readonly reached: readonly number[]; readonly inside: readonly number[] } | undefined {
  const setting = settings.get('bind')
  if (setting?.value === undefined || setting.source === 'default') return undefined
  const addresses = setting.entries.map(addressOf).filter((address) => address !== undefined)
  if (addresses.length < setting.entries.length || addresses.some(({ kind }) => kind === 'fd' || kind === 'bad')) return undefined
  const ports = (isInside: boolean): number[] =>
    addresses.flatMap((address) => (address.kind === 'tcp' && isLoopback(address) === isInside ? [address.port] : []))
  return { reached: ports(false), inside: ports(true) }
}
