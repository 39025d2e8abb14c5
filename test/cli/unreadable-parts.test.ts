/** What is reported as unreadable is never edited. */
import { describe, expect, test } from '@jest/globals'
import { run } from './in-memory.ts'

const workload = (container: string, metadata = 'name: shop'): string =>
  `apiVersion: apps/v1\nkind: Deployment\nmetadata: {${metadata}}\nspec:\n  template:\n    spec:\n      containers:\n        - name: web\n          command: [gunicorn, "shop:app"]\n        - ${container}\n`

describe('a container beside one that could be fixed', () => {
  test.each(['{name: b, args: "a"}', '{name: b, env: [{value: x}]}', '{name: b, command: [gunicorn, 1]}', '{name: b, env: a}',
    '{name: b, command: [sh, {}]}', '"b"'])('%s', async (container) => {
      const text = workload(container)
      const { status, out, files } = await run(['check', '--fix', '--format', 'json', 'a.yaml'], {
        'a.yaml': `${text}---\n${workload('{name: b}', 'name: right')}`,
      })
      const { workloads, unreadable } = JSON.parse(out) as {
        workloads: { name: string; patch: unknown[]; findings: { action: string; fixed: boolean }[] }[]
        unreadable: object[]
      }
      expect(unreadable.length).toBeGreaterThan(0)
      expect(status).toBe(2)
      // The other document is mended; this one is not, nor is it said to be.
      expect(files['a.yaml']?.startsWith(`${text}---\n`)).toBe(true)
      expect(files['a.yaml']).toContain('access-logfile')
      const [first, second] = workloads
      expect([first?.patch, first?.findings.filter(({ action, fixed }) => fixed || action === 'Fix')]).toEqual([[], []])
      expect(second?.findings.some(({ fixed }) => fixed)).toBe(true)
    })
})

test('a file that its platform refuses', async () => {
  const Procfile = 'web: gunicorn shop:app\nweb: gunicorn shop:app\n'
  const { status, files, out } = await run(['check', '--fix', '--platform', 'honcho', 'Procfile'], { Procfile })
  expect([status, files['Procfile']]).toEqual([2, Procfile])
  expect(out).not.toMatch(/ fixed/)
})
