import { cmdArgs } from '../gunicorn/variables.ts'
import type { HiddenCommand } from '../kubernetes/hidden-command.ts'
import { defineRule } from './rule.ts'

const details: Readonly<Record<HiddenCommand['kind'], string>> = {
  none: 'must name the command to be checked, as that of the image is not in sight',
  process: 'must be the command itself to be checked, as the process that it names is in the image',
  script: 'must be the command itself to be checked, as the script is not in sight',
  program: 'must be a command that is known to start gunicorn, or gunicorn itself, as its words name gunicorn and are not understood',
  starter: 'must be gunicorn itself to be checked, as this starts it in a way of its own',
  supervisor: 'must be the command itself to be checked, as this starts what a file of the image says',
  variable: `must be a command that is known to start gunicorn, or gunicorn itself, as ${cmdArgs} is set for one`,
  unknown: 'must name what it starts to be checked, as it mentions gunicorn, and what it starts is known only when it runs',
  unreached: 'must be a script that gets to its gunicorn: what stands before it ends the script, or takes the place of its shell',
  field: 'must be `command` and `args`, as this is no field of a BkApp',
}

export default defineRule({
  id: 'unresolved-command',
  severity: 'info',
  action: 'Audit',
  mayBeAllowed: true,
  summary: 'a container may start gunicorn, by its image, a script, or words that are not understood, and has not been checked',
  why:
    'Images have start commands of their own, scripts start what they say, and some programs start others in ways of their own. Whether gunicorn is started, and how, cannot be told from the object.',
  remedy: 'Check the files that the image is built of, and the image itself.',
  settings: [],
  of: 'hidden',

  *check({ hidden }) {
    if (!hidden) return
    const { kind, path, value } = hidden
    const place = { path }
    if (kind === 'none' || kind === 'unknown' || kind === 'unreached') yield { place, shape: 'Required value', detail: details[kind] }
    else yield { place, shape: 'Invalid value', value, detail: details[kind],
        ...(remedies[kind] === undefined ? {} : { remedy: remedies[kind] }) }
  },
})

const known = 'Start gunicorn by its own name, by a shell, or by a wrapper that Paddock knows.'

const remedies: Readonly<Partial<Record<HiddenCommand['kind'], string>>> = {
  field: 'Write `command` and `args`, which the API server keeps.',
  program: known,
  variable: known,
}
