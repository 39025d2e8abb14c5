import { expect, test } from '@jest/globals'
import { expandRewritten } from '../../src/kubernetes/expansion.ts'
import { hiddenCommand } from '../../src/kubernetes/hidden-command.ts'
import { readWorkload } from '../../src/kubernetes/workload.ts'

const bluekingLabels = { 'bkapp.paas.bk.tencent.com/resource-type': 'process', 'bkapp.paas.bk.tencent.com/process-name': 'web' }

/** What is hidden in each container, by its kind and the last two steps of its place. */
function hidden(containers: readonly object[], labels: object = {}, metadata: object = {}): unknown[] {
  const workload = readWorkload({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'x', ...metadata },
    spec: { template: { metadata: { labels }, spec: { containers } } } })
  return (workload?.containers ?? []).map((container) => {
    const found = workload && hiddenCommand(workload, container)
    return found && [found.kind, ...found.path.slice(-2)].join(' ')
  })
}

test.each<[string, readonly object[], object, unknown[]]>([
  ['BlueKing, a process of the image', [{ name: 'web', command: ['web'] }], bluekingLabels, ['process command 0']],
  ['BlueKing, a module of S-Mart', [{ name: 'worker', command: ['default-worker'] }], bluekingLabels, ['process command 0']],
  ['BlueKing, no command, and a sidecar', [{ name: 'web' }, { name: 'agent' }], bluekingLabels, ['none containers 0', undefined]],
  ['BlueKing, legacy', [{ name: 'x', args: ['web'] }], { category: 'bkapp', process_id: 'web' }, ['process args 0']],
  ['Korifi', [{ name: 'application', command: ['/cnb/lifecycle/launcher', 'gunicorn app:app'] }], {
    'korifi.cloudfoundry.org/process-type': 'web',
  }, ['process command 0']],
  ['a script of the application', [{ name: 'web', command: ['bash', '/app/start'] }], bluekingLabels, ['script command 1']],
  ['the same of no platform', [{ name: 'web', command: ['bash', '/app/start'] }, { name: 'worker', command: ['worker'] }, { name: 'db',
    image: 'postgres' }], {}, ['script command 1', undefined, undefined]],
  ['a label of another kind', [{ name: 'web' }], { ...bluekingLabels, 'bkapp.paas.bk.tencent.com/resource-type': 'hook' }, [
    'none containers 0',
  ]],
  ['a command that can be seen', [{ name: 'web', command: ['bash', '-c'], args: ['celery -A x worker'] }], bluekingLabels, [undefined]],
])('%s', (_, containers, labels, wanted) => {
  expect(hidden(containers, labels)).toEqual(wanted)
  expect(hidden(containers, {}, { labels })).toEqual(wanted)
})

test('what a controller has made is told of at its maker', () => {
  const owner = { apiVersion: 'paas.bk.tencent.com/v1alpha2', kind: 'BkApp', name: 'shop' }
  expect(hidden([{ name: 'web', command: ['web'] }], bluekingLabels, { ownerReferences: [{ ...owner, controller: true }] })).toEqual([
    undefined,
  ])
  expect(hidden([{ name: 'web', command: ['web'] }], bluekingLabels, { ownerReferences: [owner] })).toEqual(['process command 0'])
})

/** The table of what the operator's own function makes of commands. */
test.each([
  [':$PORT', ':5000'],
  [':${PORT}', ':5000'],
  [':$(PORT)', ':5000'],
  ['${PORT:-8000}', '5000:-8000}'],
  ['$PORTS', '$(PORTS)'],
  ['$(nproc)', '$(nproc)'],
  ['\\$PORT', '\\$PORT'],
  ['$$PORT', '$(PORT)'],
  ['$1 $ ${', '$1 $ ${'],
  ['a$PORT-$HOST.b', 'a5000-h.b'],
])('%s is rewritten and expanded to %s', (text, wanted) => {
  const expanded = expandRewritten(text, (name) => ({ PORT: '5000', HOST: 'h' })[name])
  expect(expanded.text).toBe(wanted)
  // What is copied stands where it stood.
  expect(expanded.source(expanded.text.length)).toBe(text.length)
  for (let at = 0; at < expanded.text.length; at++) expect(expanded.source(at)).toBeLessThanOrEqual(text.length)
  expect(expandRewritten('ab $PORT cd', (name) => ({ PORT: '5000' })[name]).source(8)).toBe(9)
})
