/**
 * What looks like a certain failure and is none, beside what is one: each was tried with real shells and real gunicorns, or is what the
 * documentation of the controller or mesh says.
 */
import { expect, test } from '@jest/globals'
import { annotatedPython } from '../../src/dependencies/annotation.ts'
import { findingsIn } from '../../src/judge.ts'
import { readWorkloads } from '../../src/kubernetes/workload.ts'
import { presetNamed } from '../../src/policy/read.ts'

interface Fields {
  readonly [name: string]: unknown
}
const policy = presetNamed('kubernetes')

const template = (containers: readonly Fields[], metadata: Fields = {},
  head: Fields = { apiVersion: 'apps/v1', kind: 'Deployment' }): Fields => ({ ...head, metadata: { name: 'shop' },
    spec: { template: { metadata, spec: { containers } } } })
const one = (command: readonly string[], more: Fields = {}, metadata: Fields = {}, head?: Fields): Fields =>
  template([{ name: 'web', command, ...more }], metadata, head)
const two = (first: readonly string[], second: readonly string[], head?: Fields): Fields =>
  template([{ name: 'a', command: first }, { name: 'b', command: second }], {}, head)
const sh = (text: string): readonly string[] => ['sh', '-c', text]
const bash = (text: string): readonly string[] => ['bash', '-c', text]
const bad = 'gunicorn -b :8000 -k bogus app:app'
const serving = ['gunicorn', '-b', ':8000', 'app:app']
const cmdArgs = { env: [{ name: 'GUNICORN_CMD_ARGS', value: '--bogus 3' }] }

test.each<[string, Fields, string, readonly string[]]>([
  ['a branch is one way of a container that is always started again', one(sh(`[ "$X" ] && ${bad}; exit 0`)), 'unknown-worker-class', [
    'Deny',
  ]],
  ['a container with a restartPolicy of its own', one(sh(`[ "$X" ] && ${bad}; exit 0`), { restartPolicy: 'OnFailure' }),
    'unknown-worker-class', ['Warn']],
  ['rules for restarts', one(sh(`[ "$X" ] && ${bad}; exit 0`), { restartPolicyRules: [] }), 'unknown-worker-class', ['Warn']],
  ['a template of a kind that is not known',
    one(sh(`[ "$X" ] && ${bad}; exit 0`), {}, {}, { apiVersion: 'keda.sh/v1alpha1', kind: 'ScaledJob' }), 'unknown-worker-class', ['Warn']],
  ['a daemon in front of a wait', one(sh('gunicorn -D -b :8000 app:app; wait')), 'daemonized', ['Warn']],
  ['a wait for a process substitution', one(bash('exec > >(tee /tmp/log); gunicorn -D -b :8000 app:app; wait')), 'daemonized', []],
  ['a wait for what a sourced file has started', one(sh('. ./bg.sh; gunicorn -D -b :8000 app:app; wait')), 'daemonized', []],
  ['a wait for what is not known', one(sh('"$START"; gunicorn -D -b :8000 app:app; wait')), 'daemonized', []],
  ['two containers on one port', two(serving, serving), 'unbindable-address', ['Deny']],
  ['one that is over after a while', two(sh('timeout 60 gunicorn -b :8000 maint:app; sleep infinity'), serving), 'unbindable-address', []],
  ['one that is killed', two(sh('gunicorn -b :8000 maint:app & sleep 5; kill $!; exec gunicorn -b :9000 app:app'), serving),
    'unbindable-address', []],
  ['one behind timeout', two(['timeout', '60', ...serving], serving), 'unbindable-address', []],
  ['two of a kind that is not known', two(serving, serving, { apiVersion: 'keda.sh/v1alpha1', kind: 'ScaledJob' }), 'unbindable-address',
    []],
  ['a blank in the name of a module: a file may be called so', one(['gunicorn', 'my app:app']), 'invalid-application', ['Warn']],
  ['a blank behind it', one(['gunicorn', 'app :app']), 'invalid-application', ['Deny']],
  ['an empty set is a literal', one(['gunicorn', 'm:f(set())'], {}, { annotations: { 'paddock.dev/gunicorn': '23.0.0' } }),
    'invalid-application', []],
  ['a set of something is none', one(['gunicorn', 'm:f(set([1]))'], {}, { annotations: { 'paddock.dev/gunicorn': '23.0.0' } }),
    'invalid-application', ['Deny']],
  ['a loopback address', one(['gunicorn', '-b', '127.0.0.1:8000', 'app:app']), 'loopback-bind', ['Deny']],
  ['a mesh that is asked for by a label',
    one(['gunicorn', '-b', '127.0.0.1:8000', 'app:app'], {}, { labels: { 'sidecar.istio.io/inject': 'true' } }), 'loopback-bind', ['Warn']],
  ['a revision of a mesh', one(['gunicorn', '-b', '127.0.0.1:8000', 'app:app'], {}, { labels: { 'istio.io/rev': 'stable' } }),
    'loopback-bind', ['Warn']],
  ['GUNICORN_CMD_ARGS of a program that is not read', one(['./x.sh'], cmdArgs), 'unknown-setting', ['Deny']],
  ['GUNICORN_CMD_ARGS that a script takes away', one(sh('unset GUNICORN_CMD_ARGS; exec ./x.sh'), cmdArgs), 'unknown-setting', ['Warn']],
  ['GUNICORN_CMD_ARGS that env takes away', one(['env', '-u', 'GUNICORN_CMD_ARGS', './x.sh'], cmdArgs), 'unknown-setting', ['Warn']],
  ['GUNICORN_CMD_ARGS that env leaves out with all others', one(['env', '-i', './x.sh'], cmdArgs), 'unknown-setting', ['Warn']],
  ['GUNICORN_CMD_ARGS beside another server', one(sh('if [ "$X" ]; then ./x.sh; else exec uvicorn app:app; fi'), cmdArgs),
    'unknown-setting', ['Warn']],
  ["the port's variable in single quotes", one(sh("exec gunicorn -b '$PORT' app:app")), 'unbindable-address', ['Deny']],
  ["the port's variable behind a backslash", one(sh('exec gunicorn -b \\$PORT app:app')), 'unbindable-address', ['Deny']],
])('%s', (_, object, rule, actions) => {
  const [workload] = readWorkloads(object)
  if (!workload) throw new Error('a workload was not read')
  expect(
    findingsIn({ workload, policy, python: annotatedPython(workload) }).flatMap((finding) => (finding.rule === rule ? finding.action : [])),
  ).toEqual(actions)
})
