/** No control character of an input reaches a terminal or the start of a line, whatever command writes it in whatever format. */
import { describe, expect, test } from '@jest/globals'
import { formatNames } from '../../src/cli/reports/outputs.ts'
import { run } from './in-memory.ts'

/** Cursor, title and hyperlink sequences in seven and eight bits, a bell, line starts of workflow commands, directions. */
const hostile =
  'x\u001b[31m\u001b]0;title\u0007\u009b2J\u009d8;;\u0090\r\n::error::one\n::set-env name=A::two\r::error::three\u2028::error::four\u2029\u202e\u2066\u200f\u0085\u007f\u0008'
const word = JSON.stringify(hostile)

const podSpec = (argument: string): string =>
  `{containers: [{name: ${word}, image: ${word}, command: [gunicorn, ${argument}, --bind, ${word}, -k, ${word}, ${word}], env: [{name: GUNICORN_CMD_ARGS, value: ${word}}, {name: ${word}, value: ${word}}]}, {name: b, command: [sh, -c, "gunicorn 'shop:app' --nope=${
    hostile.replaceAll(/[^ -~]|"|\\/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
  } $X"]}, {name: c, command: [${word}, ${word}, gunicorn, ${word}]}, {name: d, args: ${word}}]}`
const deployment =
  `apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: ${word}, namespace: ${word}, annotations: {${word}: ${word}, paddock.dev/requirements: ${word}, paddock.dev/python: ${word}, paddock.dev/allow: ${word}}}\nspec: {template: {metadata: {labels: {${word}: ${word}}}, spec: ${
    podSpec(`"--${hostile.replaceAll(/[^ -~]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)}"`)
  }}}\n`
const policy =
  `apiVersion: paddock.dev/v1alpha1\nkind: GunicornPolicy\nmetadata: {name: ${word}}\nspec: {preset: kubernetes, defaults: {access_log_format: ${word}}}\n`
const exception =
  `apiVersion: paddock.dev/v1alpha1\nkind: GunicornException\nmetadata: {name: ${word}, namespace: ${word}}\nspec: {workloads: [{name: ${word}}], rules: [invalid-setting, unknown-setting], reason: ${word}, owner: ${word}}\n`
const broken =
  `apiVersion: paddock.dev/v1alpha1\nkind: GunicornPolicy\nmetadata: {name: a}\nspec: {preset: ${word}, ${word}: 1, rules: {${word}: Deny, missing-bind: ${word}}, defaults: {bind: ${word}, ${word}: ${word}}}\n---\nkind: ${word}\nmetadata: {name: ${word}}\n`
const suite =
  `apiVersion: paddock.dev/v1alpha1\nkind: PolicyTest\nmetadata: {name: ${word}}\nmanifests: [m.yaml]\nresults: [{workload: ${word}, decision: Allow}, {workload: m, decision: Allow}]\n`
const fine = 'apiVersion: v1\nkind: Pod\nmetadata: {name: m}\nspec: {containers: [{name: m, command: [gunicorn, "shop:app"]}]}\n'
const procfile = `web: gunicorn ${word} --nope=${hostile.replaceAll(/[\n\r\u2028\u2029\u0085]/g, ' ')} -b ${
  hostile.replaceAll(/\n/g, ' ')
}\n${hostile.replaceAll('\n', ' ')}: gunicorn a\nx: ${word}\n`
const description =
  `spec_version: 2\n${word}: ${word}\nmodules:\n  ${word}:\n    language: ${word}\n    processes:\n      ${word}: {command: ${word}, plan: ${word}}\n      web: {command: ${
    JSON.stringify(`gunicorn ${hostile}`)
  }}\n`
const files: Readonly<Record<string, string>> = {
  'a.yaml': deployment,
  'p.yaml': policy,
  'e.yaml': exception,
  'b.yaml': broken,
  't/paddock-test.yaml': suite,
  't/m.yaml': fine,
  'r/Procfile': procfile,
  'd/app_desc.yaml': description,
  'bad.yaml': `a: [${hostile}`,
  [`${hostile}.yaml`]: deployment,
  'alias.yaml': `a: *${hostile.replaceAll(/\s/g, '')}\n`,
  'raw.yaml':
    `apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: m}\nspec: {template: {spec: {containers: [{name: m, command: [gunicorn, --nope\u202e\u2028]}]}}}\n`,
  'requirements.txt': hostile,
  'gunicorn.conf.py': hostile,
}
const review = JSON.stringify({
  apiVersion: 'admission.k8s.io/v1',
  kind: 'AdmissionReview',
  request: {
    uid: hostile,
    operation: 'CREATE',
    namespace: hostile,
    kind: { group: '', version: 'v1', kind: 'Pod' },
    resource: { group: '', version: 'v1', resource: 'pods' },
    object: { apiVersion: 'v1', kind: 'Pod', metadata: { name: hostile, annotations: { [hostile]: hostile } },
      spec: { containers: [{ name: hostile, command: ['gunicorn', `--${hostile}`, hostile], env: [{ name: hostile, value: hostile }] }] } },
  },
})

const all = Object.keys(files).filter((name) => !/^(p|e|b)\.yaml$|^t\/|txt$|py$/.test(name))
const commands: readonly (readonly string[])[] = [
  ...formatNames.map((format) => ['check', '--format', format, '--policy', 'p.yaml', '--policy', 'e.yaml', ...all]),
  ...formatNames.map((format) => ['check', '--format', format, '--fail-on', 'audit', ...all]),
  ['check', '--diff', ...all],
  ['check', '--fix', ...all],
  ['check', '--requirements', 'requirements.txt', '--config-file', './gunicorn.conf.py=gunicorn.conf.py', 'a.yaml'],
  ['check', `${hostile}/nowhere`],
  ['check', '--platform', 'heroku', 'r/Procfile'],
  ['check', '--platform', 'honcho', 'r/Procfile'],
  ['check', '--platform', hostile],
  ['check', '--format', hostile],
  [hostile],
  ...['text', 'json'].flatMap((
    format,
  ) => [['explain', '--format', format, '--all', ...all], ['explain', '--format', format, '--shell',
    `gunicorn ${hostile} '${hostile}' --nope=${hostile}`], ['explain', '--format', format, '--', 'gunicorn', `--${hostile}`, hostile, '-b',
    hostile]]
  ),
  ['explain', hostile],
  ['explain', '--gunicorn', hostile, '--', 'gunicorn', 'a'],
  ['review', '--policy', 'p.yaml', '-'],
  ['review', '--mutate', '-'],
  ['review', '--validate', '-'],
  ['review', 'a.yaml'],
  ['policy', 'validate', 'p.yaml', 'e.yaml'],
  ['policy', 'validate', 'b.yaml'],
  ['policy', 'validate', 'bad.yaml'],
  ['policy', 'validate', hostile],
  ['policy', 'show', hostile],
  ['rules', hostile],
  ...['text', 'json'].map((
    format,
  ) => ['policy', 'explain', `${hostile}/${hostile}`, '--format', format, '--policy', 'p.yaml', '--policy', 'e.yaml', 'a.yaml']),
  ['policy', 'explain', hostile, 'a.yaml'],
  ...['text', 'json', 'junit'].map((format) => ['policy', 'test', '--format', format, 't']),
]

/** Paddock's own colours, and nothing else of what a terminal obeys. */
const plain = (text: string): string => text.replaceAll(/\u001b\[\d*m/g, '')

describe.each([false, true])('on a terminal: %s', (tty) => {
  test.each(
    commands.map((words) =>
      [words.map((one) => (one === hostile ? '…' : one)).join(' ').replaceAll(/[^ -~]/g, '').slice(0, 80), words] as const
    ),
  )('%s', async (_, words) => {
    const { status, out, err, files: after } = await run(words, files, { input: review, tty })
    expect(status).toBeLessThanOrEqual(2)
    const written = Object.entries(after).filter(([name]) => !Object.hasOwn(files, name)).map(([, text]) => text)
    for (const text of [tty ? plain(out) : out, err, ...written]) {
      expect(text).not.toMatch(/(?!\r\n)[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/)
      expect(text.split('\n').filter((line) => /^\s*::(?:set-env|error::)/.test(line))).toEqual([])
    }
    if (words.includes('json') || words.includes('sarif') || words[0] === 'review' && status < 2)
      expect(() => JSON.parse(out) as unknown).not.toThrow()
  })
})

test('colours are Paddock’s own alone', async () => {
  const { out } = await run(['check', 'raw.yaml'], { 'raw.yaml': files['raw.yaml'] ?? '' }, { tty: true })
  expect(out).toMatch(/^\u001b\[1mraw\.yaml:4:\d+:\u001b\[0m \u001b\[31mdeny:\u001b\[0m .*"--nope\\u202e\\u2028": /m)
  expect(out).toContain(' [gunicorn, --nope\\u202e\\u2028]}]}}}\n')
})

test('what JSON says stays what it was', async () => {
  const { out } = await run(['explain', '--format', 'json', '--', 'gunicorn', hostile], {})
  expect((JSON.parse(out) as { invocations: { argv: string[] }[] }).invocations[0]?.argv).toEqual(['gunicorn', hostile])
})
