/** Whether a script ends at once behind the gunicorn that it starts, and its container with it. */
import { spend } from '../budget.ts'
import type { Command } from '../shell/command.ts'
import type { Found } from './found.ts'

/** Whether gunicorn runs in the background of the container's own script, which ends at once behind it, and the container with it. */
export function isLeftBehind({ command, script, shell, settings }: Pick<Found, 'command' | 'script' | 'shell' | 'settings'>): boolean {
  if (!command?.background || command.runs !== 'surely' || !script || !shell || shell.traps || settings.value('daemon') === true)
    return false
  const rest = script.text.slice(command.end)
  // What it prints may go elsewhere: `> log 2>&1`.
  const at = rest.replaceAll(/[<>]&\d?|&>/g, (found) => ' '.repeat(found.length)).indexOf('&')
  return at >= 0 && !/[;\n|()]/.test(rest.slice(0, at)) && passesAtOnce(rest.slice(at + 1).replace(/^[\s)]+/, '\n'), passing)
}

/** Whether a script ends at once behind a gunicorn that has gone into the background by itself: no shell waits for what is not its own. */
export function endsBehind({ command, script, shell, beside }: Pick<Found, 'command' | 'script' | 'shell' | 'beside'>): boolean {
  if (!command || command.background || command.piped || !script || !shell || shell.traps) return false
  const [redirected = ''] = /^[^;&|\n()]*(?:[<>]&\d[^;&|\n()]*)*/.exec(script.text.slice(command.end)) ?? []
  const rest = script.text.slice(command.end + redirected.length)
  return passesAtOnce(rest.replaceAll(/&&|\|\||\$[?!]/g, (found) => (found.startsWith('$') ? '' : ';')), passingAlone) &&
    !beside.some(isInBackground) && !(/\bwait\b/.test(rest) && (beside.some(mayLeave) || /[<>]\(/.test(script.text)))
}

const isInBackground = ({ background }: Command): boolean => background

/** What may send something into the background that is not seen. */
const mayLeave = ({ words: [first] }: Command): boolean =>
  first !== undefined && (first.value === null || /^(\.|source|eval)$/.test(first.value))

/** What a script does at its end that is done at once. */
const passing = /^(echo|printf|true|:|exit|date|pwd|whoami|hostname|id|disown)(\s|$)|^sleep\s+[0-5]?\d(\.\d+)?s?$/

/** The same where a script has sent nothing into the background that it could wait for. */
const passingAlone = new RegExp(`${passing.source}|^wait(\\s|$)`)

function passesAtOnce(rest: string, passes: RegExp): boolean {
  spend(rest.length / 100)
  return rest.split(/[;\n]/).every((part) =>
    part.trim() === '' || part.trim().startsWith('#') || (passes.test(part.trim()) && !/[&|`$]/.test(part))
  )
}
