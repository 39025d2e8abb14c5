import { defineRule } from './rule.ts'

export default defineRule({
  id: 'ignored-allowance',
  severity: 'info',
  action: 'Warn',
  summary: 'the annotation paddock.dev/allow names a rule that there is not, or that the policy does not let a workload switch off',
  why: 'It is ignored, and what it was written for is told, mended or denied all the same.',
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
