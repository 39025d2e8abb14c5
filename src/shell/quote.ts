/**
 * How a value is written in a script.
 */

/** Words that a shell takes for its own where a command may begin, as it does what looks like an assignment. */
const reserved = new Set((
  'if then else elif fi for while until do done case esac in function select time coproc'
).split(' '))

/** Characters that mean themselves anywhere in a word. A `~` does not, at the start of one or after a `:` or `=`. */
const plain = /^[A-Za-z0-9_\-.,:/=@%+^]+$/

/** The shortest readable way to write a value so that every shell reads it back as it is. */
export function quote(value: string): string {
  if (plain.test(value) && !reserved.has(value) && !/^[A-Za-z_]\w*\+?=/.test(value)) return value
  if (!value.includes("'")) return `'${value}'`
  if (!/["$`\\!]/.test(value)) return `"${value}"`
  return value.split("'").map((part) => (part === '' ? '' : `'${part}'`)).join("\\'")
}

/** A piece of a word: text that means itself, or a variable that the shell is to expand. */
export type Part = string | { readonly variable: string }

/**
 * A word in which variables stay live: `:$PORT`, `"$HOST:$PORT"`. It becomes one word where the variables hold neither blanks
 * nor patterns; `whole` makes it one word whatever they hold.
 */
export function quoteWith(parts: readonly Part[], whole = false): string {
  const texts = parts.filter((part) => typeof part === 'string')
  const live = parts.length > texts.length
  if (!live) return quote(texts.join(''))
  const bare = !whole && texts.every((text) => text === '' || plain.test(text))
  const written = parts.map((part, index) => {
    if (typeof part === 'string') return bare ? part : part.replace(/["$`\\]/g, '\\$&')
    const next = parts.slice(index + 1).find((other) => other !== '')
    return typeof next === 'string' && /^[A-Za-z0-9_]/.test(next) ? `\${${part.variable}}` : `$${part.variable}`
  }).join('')
  return bare ? written : `"${written}"`
}
