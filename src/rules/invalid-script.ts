import { vain } from './problem.ts'
import { defineRule } from './rule.ts'

export default defineRule({
  id: 'invalid-script',
  severity: 'error',
  action: 'Deny',
  summary: 'the script that starts gunicorn is none that a shell takes, or no shell is there to read it',
  why: 'The shell ends with a syntax error before it starts anything of that line, or of what comes behind it. In one element of a list, without a shell in front of it, a script is taken for the name of a program, which there is none of. So is one whose first line ends with a carriage return.',
  remedy: 'Mend the script until `sh -n` takes it.',
  settings: [],

  *check() {},

  ofMisstart: (misstart) => (misstart.kind === 'script' ? vain(misstart) : undefined),
})
