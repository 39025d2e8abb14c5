/** What the entries of a setting hold. */
import { parseAddress, type Address } from './address.ts'
import type { AgreedSettings } from './agreed-settings.ts'
import type { Value } from './catalogue/release-file.ts'
import type { Entry, Setting } from './settings.ts'

/** The one value of a list entry. */
export function single(value: Value | undefined): Value | undefined {
  return Array.isArray(value) ? value[0] : value
}

/** The address that an entry of `bind` holds; undefined where that is not known. */
export function addressOf({ value }: Entry): Address | undefined {
  const text = single(value)
  return typeof text === 'string' ? parseAddress(text) : undefined
}

/** The numbers that a setting is set to, as far as they are known, each with where it was set. */
export function* numbers({ settings }: { readonly settings: AgreedSettings },
  name: string): Iterable<{ setting: Setting; entry: Entry; value: number }> {
  const setting = settings.get(name)
  if (!setting) return
  for (const entry of settings.entries(name)) if (typeof entry.value === 'number') yield { setting, entry, value: entry.value }
}
