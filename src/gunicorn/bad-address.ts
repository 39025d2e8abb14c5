/** Addresses that releases refuse. */
import { isPlainAddress, parseAddress } from './address.ts'
import type { Release } from './catalogue.ts'

/** Why an address is refused, and by which of the releases; undefined where all take it. */
export function badAddress(text: string, releases: readonly Release[]):
  | { readonly message: string; readonly releases: readonly Release[] }
  | undefined {
  if (isPlainAddress(text)) return undefined
  for (const syntax of ['integer', 'digits'] as const) {
    const address = parseAddress(text, syntax)
    // What is wrong for one syntax may be right for the other: `fd://3`, `0.0.0.0:80:81`.
    const refusing = address.kind === 'bad' ? releases.filter((release) => parseAddress(text, release.addressSyntax).kind === 'bad') : []
    if (address.kind === 'bad' && refusing.length > 0) return { message: address.message, releases: refusing }
  }
  return undefined
}
