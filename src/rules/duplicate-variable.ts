import { ownVariables } from '../gunicorn/variables.ts'
import { defineRule, type Subject } from './rule.ts'

export default defineRule({
  id: 'duplicate-variable',
  severity: 'warning',
  action: 'Warn',
  mayBeAllowed: true,
  summary: 'a variable that gunicorn or its command reads stands twice in `env`',
  why: 'The last one holds, and `kubectl apply` changes the first: each further apply turns them over, and rolls out; ' +
    'kustomize folds them, and may keep the one that was to be replaced.',
  remedy: 'Keep one of them: the last is the one that holds.',
  settings: [],
  always: true,

  *check(subject) {
    const { container: { env, envPath }, environment: { variables } } = subject
    // Each name is known once.
    if (variables.size >= env.length) return
    const first = new Map<string, number>()
    for (const { name, value, index, path } of env) {
      const before = first.get(name)
      if (before === undefined) first.set(name, index)
      // What refers to the one above extends it.
      else if (path === undefined && value?.includes(`$(${name})`) !== true && isRead(name, subject)) {
        yield {
          place: { path: [...envPath, index, 'name'] },
          shape: 'Duplicate value',
          value: name,
          detail: `must stand once in \`env\`, and stands at ${before} as well: the last holds, and \`kubectl apply\` changes the first`,
        }
      }
    }
  },
})

function isRead(name: string, { container: { command = [], args = [] }, platform }: Subject): boolean {
  return ownVariables.has(name) || name === platform.port.env ||
    [...command, ...args].some((text) => text.includes('$') && text.includes(name))
}
