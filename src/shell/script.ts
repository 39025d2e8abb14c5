/**
 * A script → the commands that a shell runs for it, each with the words and the environment that it gets.
 *
 * Nothing is run. The script is followed as a shell would, with what is known of its variables; what cannot be known is said
 * to be unknown. Facts are those of dash 0.5.12, bash 5.2 and busybox ash 1.35, which test/conformance/shell.test.ts runs.
 */
import type { Script, ScriptContext } from './command.ts'
import { ScriptReader } from './script-reader.ts'

export type { Assignment, Command, Script, ScriptContext, ScriptError } from './command.ts'

/**
 * The longest script that is read: no program gets a longer argument.
 * Source: Linux, include/uapi/linux/binfmts.h (MAX_ARG_STRLEN, which counts the NUL behind it).
 */
const longest = 131_071

const tooLong: Script = {
  commands: [],
  traps: false,
  unread: true,
  errors: [{ message: `may not be longer than ${longest} bytes, which is the longest argument that Linux passes to a program`, start: 0,
    end: 1 }],
}

/** Reads a script. Never throws. */
export function readScript(text: string, context: ScriptContext): Script {
  if (text.length > longest) return tooLong
  return new ScriptReader(text, context).read()
}
