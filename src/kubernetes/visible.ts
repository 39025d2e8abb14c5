/**
 * Control characters as escapes, so that nothing of an input moves a cursor, reorders what a person reads, or begins a line:
 * C0 and C1 (ECMA-48), U+2028 and U+2029, and the marks that embed, override and isolate directions, U+061C among them (UAX #9). One of them makes the API
 * server drop a warning (k8s.io/apimachinery/pkg/util/net/http.go, NewWarningHeader).
 */
const anyControl = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g

/** The same but for tabs and ends of lines. */
const strayControl =
  /\r(?!\n)|[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g

const names: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

function escape(char: string): string {
  const code = char.charCodeAt(0)
  return names[char] ?? (code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`)
}

/** A text as a part of one line: ends of lines are escaped too. */
export const visible = (text: string): string => text.replace(anyControl, escape)

/** A text of lines, whose ends and tabs stay. */
export const visibleLines = (text: string): string => text.replace(strayControl, escape)

/** JSON text with those escaped that JSON lets stand: it means the same. */
export const visibleJson = (json: string): string =>
  json.replace(strayControl, (char) => (char === '\r' ? char : `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`))

/** XML text with those as references that XML lets stand: it means the same. */
export const visibleXml = (xml: string): string =>
  xml.replace(strayControl, (char) => (char === '\r' ? char : `&#x${char.charCodeAt(0).toString(16)};`))
