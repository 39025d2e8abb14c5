import { vain } from './problem.ts'
import { defineRule } from './rule.ts'

export default defineRule({
  id: 'invalid-script',
  severity: 'error',
  action: 'Deny',
  summary: 'no shell accepts the script that starts gunicorn, or no shell reads it',
  why:
    'The shell ends with a syntax error before it starts anything on that line or behind it. A script in one element of a list, without a shell in front of it, is taken for the name of a program, and there is no such program. The same happens to a script whose first line ends with a carriage return.',
  remedy: 'Mend the script until `sh -n` accepts it.',
  settings: [],

  *check() {},

  ofMisstart: (misstart) => (misstart.kind === 'script' ? vain(misstart) : undefined),
})
