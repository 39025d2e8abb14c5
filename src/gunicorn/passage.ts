/**
 * What becomes of the environment on its way through wrappers: most hand it on, some empty it, and of some it hangs on how they
 * are configured.
 */
import type { Word } from '../shell/word.ts'
import { wrappers } from './wrappers.ts'

/** `kept`: the program gets what the wrapper got. `emptied`: nothing of it. `doubtful`: whether it gets a variable is not known. */
export type Passage = 'kept' | 'emptied' | 'doubtful'

interface Filter {
  /** What it does with the environment where it is told to by one of these options, or always where there are none. */
  readonly passage: Exclude<Passage, 'kept'>
  readonly options?: RegExp
}

/**
 * By the program's base name. Sources: the manual pages of env (GNU coreutils), setpriv, runuser and su (util-linux), sudo (whose
 * `env_reset` and `env_keep` stand in sudoers) and doas. A login shell starts anew.
 */
const filters: Readonly<Record<string, Filter>> = {
  env: { passage: 'emptied', options: /^-[0v]*i|^--i|^-$/ },
  setpriv: { passage: 'emptied', options: /^--reset-env$/ },
  runuser: { passage: 'emptied', options: /^-[cfmpsw]*l|^--login$|^-$/ },
  su: { passage: 'emptied', options: /^-[cfmpsw]*l|^--login$|^-$/ },
  sudo: { passage: 'doubtful' },
  doas: { passage: 'doubtful' },
}

/** What the wrappers among the first words of a command line do to the environment; `end` is the index of what they start. */
export function passage(words: readonly Word[], end: number): Passage {
  let result: Passage = 'kept'
  for (let at = 0; at < end; at++) {
    const name = words[at]?.value ?? ''
    const base = name.slice(name.lastIndexOf('/') + 1)
    const filter = Object.hasOwn(filters, base) ? filters[base] : undefined
    if (!filter || !(filter.options === undefined || hasOption(words, at + 1, wrappers[base]?.options ?? [], filter.options))) continue
    // What is emptied before is empty, whoever comes then.
    if (result === 'kept' || filter.passage === 'emptied') result = filter.passage
  }
  return result
}

/** Whether an option stands among those from an index on; `valued` are such as take the next word for their value. */
function hasOption(words: readonly Word[], from: number, valued: readonly string[], option: RegExp): boolean {
  for (let at = from; ; at++) {
    const text = words[at]?.prefix ?? ''
    if (!text.startsWith('-') || text === '--') return false
    if (option.test(text)) return true
    if (valued.includes(text)) at++
  }
}
