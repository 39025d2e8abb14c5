import { defineRule } from './rule.ts'

export default defineRule({
  id: 'ignored-allowance',
  severity: 'info',
  action: 'Warn',
  summary: 'the annotation paddock.dev/allow names a rule that does not exist, or that the policy does not let a workload switch off',
  why: 'The rule acts all the same: Paddock reports, mends or denies what it finds.',
  remedy: 'Write the id of a rule that the policy lets workloads switch off, or leave it out.',
  settings: [],
  of: 'workload',

  *check({ workload, refused }) {
    const annotation = workload.annotations.get('paddock.dev/allow')
    for (const { id, isRule } of (annotation && refused) ?? [])
      yield {
        place: { path: annotation?.path ?? [] },
        shape: 'Invalid value',
        value: id,
        detail: isRule ? 'must be a rule that the policy lets workloads switch off' : 'must be the id of a rule',
        ...(isRule ? { remedy: 'Ask who writes the policy for the rule in its `allow`, or for a GunicornException.' } : {}),
      }
  },
})
