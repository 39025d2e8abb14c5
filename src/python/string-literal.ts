/** What a string literal of Python stands for. Source: the language reference, "String and bytes literals". */

/** The parts of a literal, as it is written: text, and for a formatted string the expressions in its braces. */
export type Part = string | { readonly source: string }

const escapes: Readonly<Record<string, string>> = {
  '\n': '',
  '\\': '\\',
  "'": "'",
  '"': '"',
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
}

/** Undefined for what is no text (`b''`), and for what Pythons do not agree on. */
export function unquote(literal: string): readonly Part[] | undefined {
  const [head = '', prefix = '', quote = ''] = /^([A-Za-z]*)("""|'''|"|')/.exec(literal) ?? []
  const body = literal.slice(head.length, literal.length - quote.length).replaceAll(/\r\n?/g, '\n')
  switch (prefix.toLowerCase()) {
    case '':
    case 'u': {
      const text = unescape(body)
      return text === undefined ? undefined : [text]
    }
    case 'r':
      return [body]
    case 'f':
      return formatted(body)
    default:
      return undefined
  }
}

/** Undefined where there is an escape that some Pythons refuse, or take for what it is written as. */
function unescape(body: string): string | undefined {
  let isSound = true
  const text = body.replaceAll(/\\(?:x([\da-fA-F]{2})|([0-7]{1,3})|(\n)|(.)|$)/gsu,
    (all: string, hex?: string, octal?: string, end?: string, one?: string) => {
      if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16))
      if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8))
      if (end !== undefined) return ''
      // `\u` and `\N` mean something else in Python 2. What is no escape stays, with a warning in newer Pythons.
      if (one === undefined || /[uUNx]/.test(one)) isSound = false
      return one !== undefined && Object.hasOwn(escapes, one) ? (escapes[one] ?? '') : all
    })
  return isSound ? text : undefined
}

/** Braces with nothing but an expression in them: no conversion, no format, nothing nested. */
function formatted(body: string): readonly Part[] | undefined {
  const parts: Part[] = []
  let text = ''
  for (let at = 0; at < body.length; at++) {
    const char = body.charAt(at)
    if ((char === '{' || char === '}') && body[at + 1] === char) {
      text += char
      at += 1
    } else if (char === '{') {
      const end = body.indexOf('}', at)
      const source = body.slice(at + 1, end)
      if (end < 0 || /[{}!:\\\n=#]/.test(source) || source.trim() === '') return undefined
      const before = unescape(text)
      if (before === undefined) return undefined
      parts.push(before, { source })
      text = ''
      at = end
    } else if (char === '}') return undefined
    else if (char === '\\') {
      // `\{` is a backslash and a brace that counts.
      if (body[at + 1] === '{' || body[at + 1] === '}' || body[at + 1] === 'N') return undefined
      text += char + (body[at + 1] ?? '')
      at += 1
    } else text += char
  }
  const rest = unescape(text)
  return rest === undefined ? undefined : [...parts, rest]
}
