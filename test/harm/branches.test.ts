/** What only may run is not denied, and what may start otherwise is not, either: each of these was tried with real shells and gunicorns. */
import { expect, test } from '@jest/globals'
import { annotatedPython } from '../../src/dependencies/annotation.ts'
import { readWorkload } from '../../src/kubernetes/workload.ts'
import { lint } from '../../src/lint.ts'
import { override } from '../../src/policy/policy.ts'
import { presetNamed } from '../../src/policy/read.ts'

const policy = override(presetNamed('kubernetes'), 'strict', {
  rules: { 'missing-bind': { action: 'Fix', otherwise: 'Deny' }, 'short-timeout': 'Deny',
    'loopback-bind': { action: 'Fix', otherwise: 'Deny' } },
})

function found(command: readonly string[], annotations: Readonly<Record<string, string>> = {}): readonly string[] {
  const workload = readWorkload({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'shop', annotations },
    spec: { containers: [{ name: 'web', command }] } })
  if (!workload) throw new Error('a Pod was not read')
  return lint(workload, policy, annotatedPython(workload)).findings.filter(({ rule }) =>
    /invalid-setting|unknown-setting|missing-application|missing-bind|short-timeout|loopback-bind/.test(rule)
  ).map(({ action, otherwise, rule, message }) =>
    `${action}${action === 'Fix' ? ` or ${otherwise}` : ''} ${rule}: ${/, ((?:if|unless) .*) \[/.exec(message)?.[1] ?? ''}`
  )
}
const ofScript = (script: string): readonly string[] => found(['sh', '-c', script])

test.each<[string, string, readonly string[]]>([
  ['one branch of two', 'if [ -z "$X" ]; then exec gunicorn -w 4 -b :80 a; else exec gunicorn -w 4 -b -w 4 a; fi', [
    'Warn invalid-setting: if the script reaches this command',
    'Warn missing-bind: if the script reaches this command',
  ]],
  ['a branch that may be left out', '[ -n "$X" ] && exec gunicorn -w 4 --nope -b :80 a; exec gunicorn -w 4 -b :80 a', [
    'Warn unknown-setting: if the script reaches this command',
  ]],
  ['a function that may be called', 'run() { exec gunicorn -w x -b :80 a; }; [ -f flag ] && run; exec gunicorn -w 4 -b :80 a', [
    'Warn invalid-setting: if the script reaches this command',
  ]],
  ['a case', 'case "$1" in web) exec gunicorn -w 4 -b :80 a;; *) exec gunicorn -w x -b :80 a;; esac', ['Deny invalid-setting: ']],
  ['a case that is not known', 'case "$X" in web) exec gunicorn -w 4 -b :80 a;; *) exec gunicorn -w x -b :80 a;; esac', [
    'Warn invalid-setting: if the script reaches this command',
  ]],
  ['a second one behind the first', 'gunicorn -w x -b :80 a || exec gunicorn -w 4 -b :80 a', [
    'Warn invalid-setting: unless another gunicorn of the script starts',
  ]],
  ['both of two', 'gunicorn -w x -b :80 a || exec gunicorn --nope -w 4 -b :80 a', ['Deny invalid-setting: ', 'Deny unknown-setting: ']],
  ['every branch',
    'if [ -z "$X" ]; then gunicorn -w x -b :80 a; elif [ -f /y ]; then exec gunicorn --nope -w 4 -b :80 a; else echo y; gunicorn -w y -b :80 a; fi',
    ['Deny invalid-setting: ', 'Deny unknown-setting: ', 'Deny invalid-setting: ']],
  ['every round of a loop', 'while true; do gunicorn -w x -b :80 a; echo ended; done', ['Deny invalid-setting: ']],
  ['a way that ends at once is none to serve', 'if [ "$SKIP" = 1 ]; then exit 0; fi; exec gunicorn -w x -b :80 a', [
    'Deny invalid-setting: ',
  ]],
  ...['case "$ROLE" in web) @;; cron) while :; do curl -s http://x/cron; sleep 60; done;; esac',
    'if [ "$X" = 1 ]; then @; else while true; do sleep 60; done; fi', '[ "$X" ] && @; until [ -f /stop ]; do sleep 5; done',
    'f() { sleep 5; f; }; [ "$X" ] && @; f', 'if [ "$X" = 1 ]; then @; else bin/local; fi', 'if [ "$X" = 1 ]; then @; else ./bin/touch; fi',
    'if [ "$X" = 1 ]; then @; else openssl s_server -accept 8000; fi', 'if [ "$X" = 1 ]; then @; else git daemon; fi',
    'alias ls="uvicorn app:app"\nif [ "$X" = 1 ]; then @; else\nls\nfi', 'if [ "$X" ]; then @; fi; (( $(./serve) ))',
    'if [ "$X" ]; then @; fi; echo "${A[$(./serve)]}"', 'if [ "$X" ]; then @; fi; X=$(./serve)', 'if [ "$X" ]; then @; fi; echo `./serve`',
    'if [ "$X" ]; then @; fi; echo < <(./serve)']
    .map((
      script,
    ): [string, string, readonly string[]] => [`a way that may stay: ${script}`, script.replace('@', 'gunicorn -w x -b :80 a'), [
      'Warn invalid-setting: if the script reaches this command',
    ]]),
  ['a loop with another program', 'while true; do gunicorn -w x -b :80 a || ./serve; done', [
    'Warn invalid-setting: if the script reaches this command',
  ]],
  ['a branch for another program', 'if [ "$X" = dev ]; then python manage.py runserver; else gunicorn -w x -b :80 a; fi', [
    'Warn invalid-setting: if the script reaches this command',
  ]],
  ['a branch that starts another server by what only waits else',
    'if [ "$X" = a ]; then wait-for-it db:5432 -- uvicorn shop:app; else gunicorn -w x -b :80 a; fi', [
    'Warn invalid-setting: if the script reaches this command',
  ]],
  ['a branch that stays', 'if [ "$X" = debug ]; then sleep infinity; else gunicorn -w x -b :80 a; fi', [
    'Warn invalid-setting: if the script reaches this command',
  ]],
  ['a branch that reads a file', '[ -f env.sh ] && . ./env.sh; [ -n "$X" ] && exec gunicorn -w x -b :80 a', [
    'Warn invalid-setting: if the script reaches this command',
  ]],
  ['both of two, neither of which can be mended', 'gunicorn -w 4 -b 127.0.0.1:$X a || exec gunicorn -w 4 -b 127.0.0.1:$Y a', [
    'Deny loopback-bind: ',
    'Deny loopback-bind: ',
  ]],
  ['both of two, as what mends them would be denied',
    'gunicorn -w 4 -b 127.0.0.1:80 -b 127.0.0.2:80 a & exec gunicorn -w 4 -b 127.0.0.1:80 -b 127.0.0.2:80 a',
    Array<string>(4).fill('Deny loopback-bind: ')],
  ['both of two, of which one can be mended', 'gunicorn -w 4 -b 127.0.0.1:80 a & exec gunicorn -w x -b :80 a', [
    'Fix or Deny loopback-bind: ',
    'Warn invalid-setting: unless another gunicorn of the script starts',
  ]],
  ['one that can be mended, beside a good one', 'gunicorn -w 4 -b 127.0.0.1:81 a & exec gunicorn -w 4 -b :80 a', [
    'Fix or Warn loopback-bind: unless another gunicorn of the script starts',
  ]],
  ['what is not seen behind it', 'gunicorn -w x -b :80 a || exec $START', [
    'Warn invalid-setting: unless what stands behind it serves in its place',
  ]],
  ['a file behind it, which may start another', 'gunicorn -w x -b :80 a || /fallback.sh', [
    'Warn invalid-setting: unless what stands behind it serves in its place',
  ]],
  ['another server behind it', 'gunicorn -w x -b :80 a || exec uvicorn a', [
    'Warn invalid-setting: unless what stands behind it serves in its place',
  ]],
  ['another server where gunicorn is not found', 'command -v gunicorn >/dev/null && exec gunicorn -w x -b :80 a || exec waitress-serve a', [
    'Warn invalid-setting: unless what stands behind it serves in its place',
  ]],
  ['what is told where it fails', 'gunicorn -w x -b :80 a || echo failed; exit 1', ['Deny invalid-setting: ']],
  ['what is never reached', 'exec gunicorn -w x -b :80 a; uvicorn a', ['Deny invalid-setting: ']],
  ['what may be another gunicorn in front of it', '$START gunicorn -w 4 -b :80 a; exec gunicorn -w x -b :80 a', [
    'Warn invalid-setting: unless the script starts another gunicorn',
  ]],
  ['what is gunicorn unless another program is set', '${SERVER:-gunicorn} -w 4 -b :80 a; exec gunicorn -w x -b :80 a', [
    'Warn invalid-setting: unless the script starts another gunicorn',
  ]],
  ['a check in front of it does not serve', 'gunicorn --version; exec gunicorn -w x -b :80 a', ['Deny invalid-setting: ']],
  ['what runs before it is no way around it', 'python manage.py migrate && . ./env.sh && exec gunicorn -w x -b :80 a', [
    'Deny invalid-setting: ',
  ]],
  ['what is denied where it is not mended', '[ -n "$X" ] && exec gunicorn -w 4 a; exec gunicorn -w 4 -b :80 a', [
    'Warn missing-bind: if the script reaches this command',
  ]],
  ['what is no reason not to start is denied beside another one, too', 'gunicorn -t 5 -b :81 a & exec gunicorn -w 4 -b :80 a', [
    'Deny short-timeout: ',
  ]],
])('%s', (_, script, want) => {
  expect(ofScript(script)).toEqual(want)
})

test('a release that takes the option may be there, and would have its application from a file', () => {
  expect(found(['gunicorn', '-w', '4', '-b', ':80', '--no-control-socket'])).toEqual([expect.stringContaining('Warn missing-application'),
    expect.stringContaining('Warn unknown-setting')])
  expect(found(['gunicorn', '-w', '4', '-b', ':80', '--no-control-socket'], { 'paddock.dev/gunicorn': '20.0.4' })).toEqual([
    expect.stringContaining('Deny unknown-setting'),
  ])
})

test('where a script may end and be done, a branch is no evidence', () => {
  const script = ['sh', '-c', 'if [ -f done ]; then exit 0; fi; exec gunicorn -w x -b :80 a']
  const containers = [{ name: 'web', command: script }]
  const actions = (object: object): readonly string[] => {
    const workload = readWorkload(object)
    if (!workload) throw new Error('a workload was not read')
    return lint(workload, policy, annotatedPython(workload)).findings.flatMap((
      { rule, action },
    ) => (rule === 'invalid-setting' ? action : []))
  }
  expect(actions({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'shop' }, spec: { containers } })).toEqual(['Deny'])
  expect(actions({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'shop' }, spec: { restartPolicy: 'OnFailure', containers } })).toEqual([
    'Warn',
  ])
  expect(
    actions({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'shop' },
      spec: { containers: [{ ...containers[0], restartPolicy: 'Never' }] } }),
  ).toEqual(['Warn'])
  expect(
    actions({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'shop' },
      spec: { containers: [{ ...containers[0], lifecycle: { postStart: { exec: { command: ['./serve'] } } } }] } }),
  ).toEqual(['Warn'])
  expect(
    actions({ apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'shop' },
      spec: { template: { spec: { restartPolicy: 'Never', containers } } } }),
  ).toEqual(['Warn'])
  expect(
    actions({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'shop' },
      spec: { initContainers: containers, containers: [{ name: 'web', image: 'a' }] } }),
  ).toEqual(['Warn'])
})
