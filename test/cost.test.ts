/**
 * What reading an object costs, in steps: for one that is twice as large it is about twice as much, whatever is in it, and past the
 * budget it is told that it was not read.
 */
import { describe, expect, test } from '@jest/globals'
import { Budget, mostSteps, within } from '../src/budget.ts'
import { annotatedPython } from '../src/dependencies/annotation.ts'
import { fix } from '../src/fix.ts'
import { containerEnvironment } from '../src/kubernetes/environment.ts'
import { readWorkload } from '../src/kubernetes/workload.ts'
import { lint } from '../src/lint.ts'
import type { Policy } from '../src/policy/policy.ts'
import { defaultPreset, preset } from '../src/policy/presets.ts'

const policy = preset(defaultPreset) as Policy
const times = <Item>(count: number, make: (index: number) => Item): Item[] => Array.from({ length: count }, (_, index) => make(index))
const variable = (name: string, value: string): object => ({ name, value })
const pod = (containers: readonly object[], spec: object = {}, annotations: object = {}): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web', annotations },
  spec: { containers, ...spec },
})
const one = (command: readonly string[], more: object = {}): object => pod([{ name: 'web', command, ...more }])

interface Looked {
  readonly steps: number
  readonly messages: readonly string[]
  readonly mended: number
}

/** Lints and fixes, as /mutate does. */
function look(object: object, steps = 10 ** 9): Looked {
  const budget = new Budget(steps)
  return within(budget, () => {
    const workload = readWorkload(object)
    if (!workload) throw new Error('it is a workload')
    const python = annotatedPython(workload)
    const report = lint(workload, policy, python)
    const { mended } = fix(object, report, policy, python)
    return { steps: steps - budget.left, messages: report.findings.map(({ message }) => message), mended: mended.size }
  })
}

const unreadOf = ({ messages }: Looked): readonly string[] => messages.filter((message) => message.endsWith('[unread-command]'))

const volumes = (count: number): object[] => times(count, (i) => ({ name: `v${i}`, emptyDir: {} }))
const mount = (i: number): object => ({ name: `v${i}`, mountPath: `/m/${i}` })

const objects: Readonly<Record<string, (count: number) => object>> = {
  'variables that quote a long one': (n) =>
    one(['gunicorn', 'shop'], { env: [variable('A', 'x'.repeat(1000)), ...times(n, (i) => variable(`B${i}`, '$(A)x'))] }),
  'appended options': (n) => one(['gunicorn', 'shop', ...times(n, () => '-b:1')]),
  'appended options in a variable': (n) =>
    one(['gunicorn', 'shop'], { env: [variable('GUNICORN_CMD_ARGS', times(n, (i) => `-b :${i}`).join(' '))] }),
  'appended options between words that may be anything': (n) =>
    one(['gunicorn', 'shop', ...times(n, (i) => (i % 2 === 0 ? '-b:1' : '$(X)'))], { env: [{ name: 'X', valueFrom: {} }] }),
  mounts: (n) => pod([{ name: 'web', command: ['gunicorn', 'shop'], volumeMounts: times(n, mount) }], { volumes: volumes(n) }),
  'containers and volumes': (n) =>
    pod(times(n / 20, (i) => ({ name: `c${i}`, command: ['gunicorn', 'shop'], volumeMounts: [mount(i)] })), { volumes: volumes(n) }),
  containers: (n) =>
    pod(times(n / 20, (i) => ({ name: `c${i}`, command: ['gunicorn', 'shop'], readinessProbe: { httpGet: { port: 80 } } }))),
  'containers whose command is in the image': (n) =>
    pod(times(n, () => ({ name: 'web', command: ['web'] })), {}, { 'dokku.com/managed': 'true' }),
  'prefixes and references': (n) =>
    one(['gunicorn', 'shop', ...times(n, (i) => `$(X_${i})`)], { envFrom: times(n, (i) => ({ prefix: `P_${i}_` })) }),
  'joined arguments': (n) => one(['gunicorn', 'shop', ...times(n, (i) => (i % 2 === 0 ? '--workers 4' : '-b:1'))]),
  'unknown options': (n) => one(['gunicorn', 'shop', ...times(n, (i) => `--zz_${i}`)]),
  'options that are cut off': (n) => one(['gunicorn', 'shop', ...times(n, () => '--w')]),
  'values that are refused': (n) => one(['gunicorn', 'shop', ...times(n, (i) => `--timeout=x${i}`)]),
  'loopback addresses': (n) => one(['gunicorn', 'shop', ...times(n, (i) => `-b127.0.0.1:${i}`)]),
  'flags in a cluster': (n) => one(['gunicorn', 'shop', `-${'D'.repeat(n)}`]),
  requirements: (n) =>
    pod([{ name: 'web', command: ['gunicorn', 'shop', '-k', 'gevent'] }], {}, {
      'paddock.dev/requirements': times(n, (i) => `d${i}==1\n`).join(''),
    }),
  markers: (n) =>
    pod([{ name: 'web', command: ['gunicorn', 'shop', '-k', 'gevent'] }], {}, {
      'paddock.dev/requirements': `gevent; ${times(n, () => 'python_version > "3"').join(' and ')}`,
    }),
  hashes: (n) =>
    pod([{ name: 'web', command: ['gunicorn', 'shop', '-k', 'gevent'] }], {}, {
      'paddock.dev/requirements': `gevent==1 ${times(n, (i) => `--hash=sha256:${i}`).join(' ')}`,
    }),
  variables: (n) => one(['sh', '-c', 'exec gunicorn shop'], { env: times(n, (i) => variable(`A${i}`, 'x')) }),
}

/** A denied gunicorn, and what its script starts besides: what a denial is taken back for is looked at when all else is read. */
const denied = one(['sh', '-c',
  `trap 'stop' TERM; ${times(30, () => 'prepare; gunicorn shop -k nope &').join(' ')} wait; exec gunicorn shop -k nope`])

test.each(Object.entries({ ...Object.fromEntries(Object.entries(objects).map(([name, make]) => [name, make(100)])), denied }))(
  'wherever the budget ends, that is told and nothing is thrown: %s',
  (_, object) => {
    const { steps, messages } = look(object)
    // Most ends are near the end, where the fewest readers expect it. Where it ends in what is mended, all is told.
    for (const left of times(60, (i) => Math.floor((steps - 1) * (1 - (i / 60) ** 2)))) {
      const cut = look(object, left)
      if (unreadOf(cut).length === 0) expect({ left, messages: cut.messages }).toEqual({ left, messages })
    }
  },
)

describe('an object that is twice as large costs about twice as much', () => {
  test.each(Object.entries(objects))('%s', (_, make) => {
    const [small, large] = [look(make(1000)).steps, look(make(2000)).steps]
    expect(small).toBeGreaterThan(100)
    expect(large / small).toBeLessThan(2.2)
  })
})

describe('what is too large is not read, and said not to be', () => {
  const words = /at most 20000 words of a command are read/
  const characters = /expanded to at most 1048576 characters/
  const length = /read to a length of 131071, which is the longest that Linux passes to a program/
  const elements = /at most 40000 variables and containers are read/
  test.each<readonly [string, object, RegExp]>([
    ['words', one(['gunicorn', 'shop', ...times(20_000, () => 'x')]), words],
    ['a word', one(['gunicorn', 'shop', '-D'.repeat(70_000)]), length],
    ['a variable', one(['gunicorn', 'shop'], { env: [variable('GUNICORN_CMD_ARGS', '-D '.repeat(70_000))] }), length],
    ['what a word comes to', one(['gunicorn', 'shop', '-k', 'nope', '$(A)'.repeat(20_000)], { env: [variable('A', 'xxxxxxxxxx')] }),
      length],
    ['what a variable comes to',
      one(['gunicorn', 'shop', '-k', 'nope', '$(B)'], { env: [variable('A', 'x'.repeat(1000)), variable('B', '$(A)'.repeat(1000))] }),
      length],
    ['eval within eval', one(['sh', '-c', `${'eval '.repeat(17)}gunicorn shop -k nope`]),
      /at most 16 scripts within words of a script are read/],
    ['traps',
      one(['sh', '-c',
        `${Array.from({ length: 16 }, (_, status) => `trap "exit ${status}" TERM; `).join('')}eval 'gunicorn shop -k nope'`]),
      /at most 16 scripts within words of a script are read/],
    ['what words refer to', one(['gunicorn', 'shop', ...times(20, () => '$(A)')], { env: [variable('A', 'x'.repeat(100_000))] }),
      characters],
    ['what a shell finds in its environment',
      one(['sh', '-c', 'gunicorn shop'], { env: [variable('A', 'x'.repeat(100_000)), ...times(20, (i) => variable(`B${i}`, '$(A)'))] }),
      characters],
    ['a chain of variables', one(['gunicorn', '$(B5000)'], { env: times(5001, (i) => variable(`B${i}`, `$(B${i - 1})x`)) }), characters],
    ['variables', one(['gunicorn', 'shop'], { env: times(40_001, (i) => variable(`A${i}`, '')) }), elements],
    ['containers', pod(times(4001, () => ({ name: 'web', command: ['gunicorn', 'shop'] }))), elements],
    ['gunicorns', pod(times(201, () => ({ name: 'web', command: ['gunicorn', 'shop'] }))),
      /at most 200 gunicorns of a workload are looked at/],
    ['findings', one(['gunicorn', 'shop', ...times(201, (i) => `--zz_${i}`)]), /Paddock reports at most 200 findings of a rule/],
  ])('%s', (_, object, reason) => {
    const [first] = unreadOf(look(object))
    expect(first).toMatch(reason)
    expect(JSON.stringify(look(object, mostSteps).messages)).toContain('[unread-command]')
  })

  test('how many containers', () => {
    const [told] = unreadOf(look(pod(times(4010, () => ({ name: 'web', command: ['gunicorn', 'shop'] })))))
    expect(told).toBe(
      'spec.containers[4000]: Invalid value: "web": must be small enough to be read to its end: at most 40000 variables and containers are read, and it has not been checked, nor have 9 other containers behind it [unread-command]',
    )
  })

  test('a container that is too large keeps no other one from being read', () => {
    const large = { name: 'large', command: ['gunicorn', 'shop'], env: times(50_000, (i) => variable(`A${i}`, '')) }
    const { messages } = look(pod([large, { name: 'web', command: ['gunicorn', 'shop', '-k', 'nope'] }]))
    expect(messages.filter((message) => /unread-command|unknown-worker-class/.test(message))).toEqual([
      expect.stringMatching(/^spec\.containers\[1\]\.command\[3\]: Unsupported value: "nope"/),
      expect.stringMatching(/^spec\.containers\[0\]: Invalid value: "large": must be small enough/),
    ])
  })

  test('of a rule with more findings than are told none is mended', () => {
    expect(look(one(['gunicorn', 'shop', ...times(100, () => '--workers 4')])).mended).toBeGreaterThanOrEqual(100)
    const { messages, mended } = look(one(['gunicorn', 'shop', ...times(300, () => '--workers 4')]))
    expect(messages.filter((message) => message.endsWith('[joined-argument]'))).toHaveLength(200)
    expect(mended).toBeLessThan(100)
  })

  test('where the budget ends, nothing is mended', () => {
    const object = pod(times(100, () => ({ name: 'web', command: ['gunicorn', 'shop'] })))
    const { steps, mended } = look(object)
    expect(mended).toBeGreaterThan(100)
    expect(look(object, steps + 1).mended).toBe(mended)
    expect(look(object, steps - 1).mended).toBe(0)
    expect(unreadOf(look(object, 1000))).not.toEqual([])
  })

  test('requirements that were read before cost what they have cost', () => {
    const object = pod([{ name: 'web', command: ['gunicorn', 'shop', '-k', 'gevent'] }], {}, {
      'paddock.dev/requirements': times(50, (i) => `once${i}==1\n`).join(''),
    })
    expect(look(object).steps).toBe(look(object).steps)
  })

  test('fields of a wrong type are counted', () => {
    const errors = readWorkload(one(['gunicorn', 'shop'], { env: times(1000, () => 1) }))?.errors
    expect(errors).toHaveLength(21)
    expect(errors?.at(-1)).toMatchObject({ path: ['spec'], detail: 'holds 980 more fields of a wrong type' })
  })
})

describe('variables are expanded when they are asked for', () => {
  const environment = (env: readonly object[], envFrom: readonly object[] = []): ReturnType<typeof containerEnvironment> => {
    const container = readWorkload(one(['gunicorn'], { env, envFrom }))?.containers[0]
    if (!container) throw new Error('there is a container')
    return containerEnvironment(container, false)
  }

  test('a chain that is longer than any stack', () => {
    const { lookup } = environment(times(30_000, (i) => variable(`A${i}`, i === 0 ? 'x' : `$(A${i - 1})`)))
    expect(lookup('A29999')).toBe('x')
  })

  test('of one name, each sees the one above it', () => {
    const { variables, lookup } = environment([variable('A', '1'), variable('B', '$(A)'), variable('A', '$(A)2'), variable('C', '$(A)$(B)'),
      variable('A', '$(C)$(A)')])
    expect(lookup('A')).toBe('12112')
    expect([...variables].map(([name, { value }]) => `${name}=${value}`)).toEqual(['A=12112', 'B=1', 'C=121'])
  })

  test('prefixes', () => {
    const { mayComeFromElsewhere } = environment([], ['B_', 'AB', 'A', 'ABC', 'Z', 'B_X'].map((prefix) => ({ prefix })))
    expect(['A', 'ABX', 'B', 'B_', 'B_Y', 'C', 'Z1', 'Y', '', 'a'].filter(mayComeFromElsewhere)).toEqual(['A', 'ABX', 'B_', 'B_Y', 'Z1'])
    expect(environment([], [{}]).mayComeFromElsewhere('')).toBe(true)
  })
})
