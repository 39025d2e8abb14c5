/** What the playground is asked, and how a link holds it. Pure. */

/** What a text is. `command` is one line as it stands behind `web:` in a Procfile; `script` is what a shell reads. */
export const kinds = ['command', 'script', 'procfile', 'manifest'] as const
export type Kind = (typeof kinds)[number]

export interface Asked {
  /** Undefined where the text itself tells. */
  readonly kind: Kind | undefined
  readonly text: string
  readonly preset: string
}

/** Characters of a text that is looked at, and that a link holds. */
export const longestText = 200_000

/** What a text is, where nobody says: by its first lines. */
export function kindOf(text: string): Kind {
  const lines = text.slice(0, 5_000).split('\n').map((line) => line.trimEnd())
  const [first = ''] = lines.filter((line) => line !== '' && !line.startsWith('# ') && line !== '---')
  if (first.startsWith('#!')) return 'script'
  if (/^\s*[{[]/.test(first) || lines.some((line) => /^(apiVersion|kind)\s*:/.test(line))) return 'manifest'
  if (/^[A-Za-z0-9_-]+:(\s|$)/.test(first)) return 'procfile'
  return text.trim().includes('\n') ? 'script' : 'command'
}

/** The fragment of a link: what is asked, as JSON in base64url (RFC 4648, section 5). A server never gets to see it. */
export function fragmentOf({ kind, text, preset }: Asked): string {
  const bytes = new TextEncoder().encode(JSON.stringify({ ...(kind ? { kind } : {}), text: text.slice(0, longestText), preset }))
  let letters = ''
  for (let at = 0; at < bytes.length; at += 8192) letters += String.fromCharCode(...bytes.subarray(at, at + 8192))
  return btoa(letters).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

/** What a fragment holds; undefined for one that is none of ours. Whoever writes a link writes it. */
export function askedIn(fragment: string, presets: readonly string[]): Asked | undefined {
  try {
    const letters = atob(fragment.replaceAll('-', '+').replaceAll('_', '/'))
    const value: unknown = JSON.parse(
      new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(letters, (one) => one.charCodeAt(0))),
    )
    if (typeof value !== 'object' || value === null) return undefined
    const { kind, text, preset } = value as Readonly<Record<string, unknown>>
    if (typeof text !== 'string' || text.length > longestText || typeof preset !== 'string' || !presets.includes(preset)) return undefined
    return { kind: kinds.find((one) => one === kind), text, preset }
  } catch {
    return undefined
  }
}
