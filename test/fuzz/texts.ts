/** Texts that are made wrong. */
import type { Random } from '../conformance/random.ts'

/** What breaks readers: quotes without an end, characters that are nobody's, the words of other languages. */
// dprint-ignore: a list of words
const pieces: readonly string[] = [
  "'", '"', '`', '\\', '$', '$(', ')', '${', '}', '$((', '))', '((', '[[', ']]', '{', '[', ']', '<', '>', '<<EOF\n', '<<-E', '<<<', '<(', '|', '||', '&', '&&', ';', ';;', '#', ' #', '!', '*', '?', '~', '%', '=', '+=', ':', ': ', '- ', '? ', ',', '@', '-', '--', '...', '---\n',
  '\n', '\r\n', '\r', '\t', ' ', '  ', '\0', '\u001b[31m', '\u0007', '\u007f', '\u0085', '\u009b', '\u00a0', '\u2028', '\ufeff', '\ud800', '\udc00', '😀', 'é', '٣', '\\\n', '\\\r\n',
  'if ', 'then ', 'else ', 'fi', 'for ', 'do ', 'done', 'while ', 'case ', 'esac', 'in ', 'function ', 'exec ', 'eval ', 'set -- ', 'export ', 'return', 'exit', '. ', 'trap ', '$@', '"$@"', '$*', '$#', '$?', '$$', '$!', '${a:-', '${a%%*', '${#a}', '${!a}', '${a/x/y}', "$'", '$"',
  'gunicorn', 'gunicorn app:app', '-b', ':8000', '-w', '4', '-k', 'gevent', '--bind=', '--env', '-c', '$(PORT)', '$PORT', '${PORT}', '$$', '__proto__', 'constructor', 'toString', 'null', 'true', '~', '0', '-1', '1e9', '99999999999999999999', '&a ', '*a', '!!str ', '<<: *a', '|\n', '>-\n', '|2-\n',
]

export function mutated(random: Random, text: string, other = ''): string {
  let result = text
  for (let times = 1 + random.below(4); times > 0; times--) result = once(random, result, other)
  // What doubles may not double for ever.
  return result.slice(0, 20_000)
}

function once(random: Random, text: string, other: string): string {
  const at = random.below(text.length + 1)
  const end = Math.min(text.length, at + 1 + random.below(random.pick([1, 4, 16, text.length + 1])))
  switch (random.below(8)) {
    case 0:
      return text.slice(0, at) + text.slice(end)
    case 1:
      return text.slice(0, end) + text.slice(at, end) + text.slice(end)
    case 2:
      return text.slice(0, at)
    case 3:
      return text.slice(0, at) + random.pick(pieces) + text.slice(end)
    case 4:
      return text.slice(0, at) + random.pick(pieces).repeat(1 + random.below(12)) + text.slice(at)
    case 5:
      return text.slice(0, at) + other.slice(random.below(other.length + 1)) + text.slice(end)
    case 6:
      return text.slice(end) + text.slice(0, at)
    default:
      return text.slice(0, at) + random.pick(pieces) + text.slice(at)
  }
}

export const piece = (random: Random): string => random.pick(pieces)

/** A text that is made of pieces alone. */
export const rubble = (random: Random): string =>
  Array.from({ length: 1 + random.below(30) }, () => piece(random)).join(random.pick(['', ' ', '']))

/** A shell's word that means the text. */
export const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`
