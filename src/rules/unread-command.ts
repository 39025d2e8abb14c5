import { mostSteps } from '../budget.ts'
import { defineRule } from './rule.ts'

export default defineRule({
  id: 'unread-command',
  severity: 'warning',
  action: 'Warn',
  summary: 'what a container starts was not read to its end, as it takes too long',
  why:
    `Paddock reads an object in at most ${mostSteps} steps, so that none of them can hold up the others. What lies beyond has not been checked, and gunicorn may fail there.`,
  remedy: 'Start gunicorn by a shorter script, with fewer options and variables.',
  settings: [],
  of: 'unread',

  *check({ unread, container }) {
    if (!unread) return
    const { reason, others } = unread
    const more = others === 0 ? '' : `, nor ${others === 1 ? 'has another container' : `have ${others} other containers`} behind it`
    yield { place: { path: container.path }, shape: 'Invalid value', value: container.name,
      detail: `must be small enough to be read to its end: ${reason}, and it has not been checked${more}` }
  },
})
