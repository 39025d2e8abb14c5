/** Variables that get to gunicorn as they are written. */
import { adviceOnVariable } from '../../gunicorn/advice.ts'
import type { Setting } from '../../gunicorn/settings.ts'
import { cmdArgs } from '../../gunicorn/variables.ts'
import type { Word } from '../../shell/word.ts'
import type { Subject } from '../rule.ts'

/** Whether words from there reach gunicorn as they are written, as no shell reads them. */
export const isUnexpanded = ({ form }: Subject, source: Setting['source']): boolean =>
  (form === 'exec' && source === 'command line') || source === cmdArgs

/** Whether the variables in a word of a script get to gunicorn as they are written: the shell that reads it leaves them. */
export const isLeft = ({ form }: Subject, source: Setting['source'], word: Word | undefined): boolean =>
  form === 'shell' && source === 'command line' && word?.value != null && /\$[({A-Za-z_]/.test(word.value)

/** What to write for a variable that gets to gunicorn as it is written; undefined where there is none. */
export function adviceOnUnexpanded(subject: Subject, source: Setting['source'], value: string, word: Word | undefined): string | undefined {
  if (!isLeft(subject, source, word)) return isUnexpanded(subject, source) ? fillingRemedy(subject, value) : undefined
  const text = word?.text ?? ''
  const quoted = text.replace(/'([^'"\\`!]*)'/g, '"$1"')
  if (quoted !== text && !quoted.includes("'")) return `Write \`${quoted}\`: in single quotes no shell expands a variable.`
  if (/\\\$/.test(text)) return `Write \`${text.replaceAll('\\$', '$')}\`: behind a backslash no shell expands a variable.`
  return 'Write the value itself: a shell does not expand the variables that stand in the value of another one.'
}

/** What to do about a variable in an element of a list, where the text is left with its name: nothing defines it there, or it is no `$(NAME)`. */
function fillingRemedy({ environment: { variables } }: Subject, text: string): string | undefined {
  const name = /\$\((\w+)\)/.exec(text)?.[1]
  if (name !== undefined && variables.has(name)) {
    const [holder] = [...variables].find(([other, { entry }]) => other !== name && entry.value?.includes(`$(${name})`)) ?? []
    return holder === undefined ? `Write \`$(${name})\`, with one \`$\`.` : `Define ${name} in \`env\` before ${holder}.`
  }
  return adviceOnVariable(text, true)
}
