import type { HiddenCommand } from '../kubernetes/hidden-command.ts'
import { defineRule } from './rule.ts'

const details: Readonly<Record<HiddenCommand['kind'], string>> = {
  none: "must name the command to be checked, as that of the image is not in sight",
  process: 'must be the command itself to be checked, as the process that it names is in the image',
  script: 'must be the command itself to be checked, as the script is in the image',
  program: 'must be a command that is known to start gunicorn, or gunicorn itself, as its words name gunicorn and are not understood',
  field: 'must be `command` and `args`, as this is no field of a BkApp',
}

export default defineRule({
  id: 'unresolved-command',
  severity: 'info',
  summary: 'what a container starts is in its image, or in words that are not understood, and has not been checked',
  why: 'Buildpacks put the start command into the image, and some programs start what others do not know of. Whether gunicorn is started, and how, cannot be told from the object.',
  remedy: 'Check the files that the image is built of, and the image itself.',
  settings: [],
  of: 'hidden',

  *check({ hidden }) {
    if (!hidden) return
    const { kind, path, value } = hidden
    const place = { path }
    if (kind === 'none') yield { place, shape: 'Required value', detail: details[kind] }
    else yield { place, shape: 'Invalid value', value, detail: details[kind], ...(kind === 'field' ? { remedy: 'Write `command` and `args`, which the API server keeps.' } : kind === 'program' ? { remedy: 'Start gunicorn by its own name, by a shell, or by a wrapper that Paddock knows.' } : {}) }
  },
})
