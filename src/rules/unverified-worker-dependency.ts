import { invalid } from './problem.ts'
import { defineRule } from './rule.ts'
import { needs } from './subject/needs.ts'
import { setBy } from './subject/origin.ts'

export default defineRule({
  id: 'unverified-worker-dependency',
  severity: 'info',
  action: 'Warn',
  mayBeAllowed: true,
  summary: 'the worker class, or HTTP/2, needs a distribution, and nothing tells whether it is installed',
  why: 'Without it gunicorn exits at start with "class uri invalid or not found".',
  remedy: 'Put requirements.txt into the annotation paddock.dev/requirements.',
  settings: ['worker_class', 'http_protocols'],

  *check(subject) {
    const { container, workload, python } = subject
    for (const { setting, entry, need, isFirst, releases } of needs(subject)) {
      // What comes with most images is not asked for.
      if (!isFirst) continue
      const { state, evidence } = python.installed(need.distribution)
      if (state !== 'Unknown') continue
      const known = evidence === '' ? 'nothing tells whether it is installed' : `${evidence} does not tell whether it is installed`
      const detail = `\`${setting.name}\` of container "${container.name}", set by ${
        setBy(setting, entry)
      }, needs ${need.distribution}, and ${known}`
      yield invalid(subject, setting, entry, detail, {
        ...remedyFor(need.distribution, evidence, workload.remarks !== undefined || container.platform !== undefined),
        ...(releases ? { releases } : {}),
      })
    }
  },
})

/** What stands in a file of a platform has no annotations, and its requirements beside it. */
function remedyFor(distribution: string, evidence: string, isFile: boolean): { remedy?: string } {
  if (evidence !== '') return { remedy: `Add ${distribution} to the requirements.` }
  return isFile ? { remedy: 'Put a requirements.txt beside the file, or name one with `--requirements`.' } : {}
}
